// Ticks of parcels in [data-ticks]: the buttons say how many ([data-tick-words], %s is the number), and
// [data-tick-all] ticks all. A tick belongs to the parcel it was set at: what a browser puts back when one
// returns to the page, where other parcels may stand by then, is taken away. Without it one ticks by hand.
const form = document.querySelector("[data-ticks]");
const boxes = form ? [...form.querySelectorAll("input[name=parcel]")] : [];
const count = () => {
  const ticked = boxes.filter((box) => box.checked).length;
  form.querySelectorAll("[data-tick-words]").forEach((button) => {
    button.dataset.tickPlain = button.dataset.tickPlain || button.textContent;
    button.textContent = ticked ? button.dataset.tickWords.replace("%s", ticked) : button.dataset.tickPlain;
  });
};
if (form) {
  form.addEventListener("change", count);
  form.querySelectorAll("[data-tick-all]").forEach((all) => {
    all.hidden = false;
    all.querySelector("input").addEventListener("change", ({ target }) => {
      boxes.forEach((box) => { box.checked = target.checked; });
      count();
    });
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) { location.reload(); return; }
    form.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = box.defaultChecked; });
    count();
  });
}
