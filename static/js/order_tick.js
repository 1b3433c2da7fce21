// [data-tick-all] ticks every box of its form that has the name of a parcel. Without it one ticks by hand.
document.querySelectorAll("[data-tick-all]").forEach((box) => {
  box.hidden = false;
  box.querySelector("input").addEventListener("change", ({ target }) => {
    target.form.querySelectorAll("input[name=parcel]").forEach((one) => { one.checked = target.checked; });
  });
});
