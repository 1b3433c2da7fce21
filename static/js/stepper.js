// Puts − and + beside the number in every [data-stepper], within the data-min and data-max of its input; without
// this script it is a plain field. The field is of text: what cannot be read as a number is sent as it was typed,
// and the server says so, where a field of numbers would send nothing.
const countOf = (text) => { // as the server reads it: core/numbers.py
  const found = text.normalize("NFKC").replace(/[^\d.,+-]/g, "").match(/^\+?(\d+)(?:[.,]0)?$/);
  return found ? Number(found[1]) : 0;
};
const limit = (text, otherwise) => (text === undefined || text === "" ? otherwise : Number(text));
const least = (input) => limit(input.dataset.min, 0);
const most = (input) => limit(input.dataset.max, Infinity);
const button = (input, sign, words, step) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = sign;
  made.className = "big";
  made.setAttribute("aria-label", words);
  made.addEventListener("click", () => {
    input.value = Math.max(least(input), Math.min(most(input), countOf(input.value) + step));
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return made;
};
const bounds = (input, less, more) => {
  const value = countOf(input.value);
  less.disabled = value <= least(input);
  more.disabled = value >= most(input);
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
  new MutationObserver(() => bounds(input, less, more)).observe(input, { attributeFilter: ["data-max", "data-min"] });
  bounds(input, less, more);
};
const equipAll = () => document.querySelectorAll("[data-stepper]").forEach(equip);
equipAll();
document.addEventListener("page:changed", equipAll); // parts that arrive after the page
