// Shows chosen pictures before they are sent: <input type="file" data-preview="id-of-box">.
document.addEventListener("change", ({ target: input }) => {
  if (!input.matches("input[type=file][data-preview]")) return;
  const box = document.getElementById(input.dataset.preview);
  box.querySelectorAll("img").forEach((old) => URL.revokeObjectURL(old.src));
  box.replaceChildren(...[...input.files].filter((file) => file.type.startsWith("image/")).map((file) => {
    const picture = new Image(112, 84);
    picture.src = URL.createObjectURL(file);
    picture.alt = file.name;
    return picture;
  }));
});
