// A box to tick that shows what is typed as a password: <input type="password" data-show="Show what is typed">.
document.querySelectorAll("input[type=password][data-show]").forEach((input) => {
  const [label, box, words] = ["label", "input", "span"].map((tag) => document.createElement(tag));
  const draw = () => { input.type = box.checked ? "text" : "password"; };
  label.className = "check";
  box.type = "checkbox";
  box.autocomplete = "off";
  words.textContent = input.dataset.show;
  label.append(box, words);
  box.addEventListener("change", draw);
  input.form?.addEventListener("submit", () => { box.checked = false; draw(); }); // kept as no earlier entry
  input.after(label);
});
