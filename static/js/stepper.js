// Puts − and + beside the number in every [data-stepper]; without this script it is a plain number field.
const button = (input, sign, words, step) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = sign;
  made.className = "big";
  made.setAttribute("aria-label", words);
  made.addEventListener("click", () => {
    if (step > 0) input.stepUp(); else input.stepDown();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return made;
};
const bounds = (input, less, more) => {
  const value = Number(input.value);
  less.disabled = input.min !== "" && value <= Number(input.min);
  more.disabled = input.max !== "" && value >= Number(input.max);
};
const equip = (box) => {
  if (box.dataset.ready) return;
  box.dataset.ready = "yes";
  const input = box.querySelector("input");
  const less = button(input, "−", input.dataset.less, -1);
  const more = button(input, "+", input.dataset.more, 1);
  input.before(less);
  input.after(more);
  input.addEventListener("input", () => bounds(input, less, more));
  new MutationObserver(() => bounds(input, less, more)).observe(input, { attributeFilter: ["max", "min"] });
  bounds(input, less, more);
};
const equipAll = () => document.querySelectorAll("[data-stepper]").forEach(equip);
equipAll();
document.addEventListener("page:changed", equipAll); // parts that arrive after the page
