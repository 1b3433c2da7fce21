// Tells what was chosen in an <input type="file">, before it is sent: its name or how many, in the widget's
// [data-file-says] (words: data-many), and the pictures themselves in the box named by data-preview.
document.addEventListener("change", ({ target: input }) => {
  if (!input.matches("input[type=file]")) return;
  const says = input.parentElement.querySelector("[data-file-says]");
  const files = [...input.files];
  if (says) {
    if (says.dataset.none === undefined) says.dataset.none = says.textContent;
    says.textContent = files.length > 1 ? says.dataset.many.replace("%s", files.length) : files[0]?.name ?? says.dataset.none;
  }
  const box = document.getElementById(input.dataset.preview);
  if (!box) return;
  box.querySelectorAll("img").forEach((old) => URL.revokeObjectURL(old.src));
  box.replaceChildren(...files.filter((file) => file.type.startsWith("image/")).map((file) => {
    const picture = new Image(112, 84);
    picture.src = URL.createObjectURL(file);
    picture.alt = file.name;
    return picture;
  }));
});
