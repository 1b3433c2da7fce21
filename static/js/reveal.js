// A button that shows what is typed into a password box: <input type="password" data-show="Show" data-hide="Hide">.
document.querySelectorAll("input[type=password][data-show]").forEach((input) => {
  const button = document.createElement("button");
  const draw = (isShown) => {
    input.type = isShown ? "text" : "password";
    button.textContent = isShown ? input.dataset.hide : input.dataset.show;
  };
  button.type = "button";
  button.className = "btn btn--quiet btn--small";
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => draw(input.type === "password"));
  input.form?.addEventListener("submit", () => draw(false)); // never offered by the browser as an earlier entry
  draw(false);
  input.after(button);
});
