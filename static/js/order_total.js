// Adds up the order while one changes its numbers: each [data-line] has data-price (đồng) and data-coop;
// [data-order-sum] has the fee for each co-op's parcel. The server adds up again and decides.
const form = document.querySelector("[data-order-form]");
const money = (vnd) => `${new Intl.NumberFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN").format(vnd)} ₫`;
const write = (name, vnd) => document.querySelectorAll(`[data-${name}]`).forEach((place) => { place.textContent = money(vnd); });
const countOf = (text) => { // as the server reads it: core/numbers.py
  const found = text.normalize("NFKC").replace(/[^\d.,+-]/g, "").match(/^\+?(\d+)(?:[.,]0)?$/);
  return found ? Number(found[1]) : 0;
};
const addUp = () => {
  let goods = 0;
  const coops = new Set();
  form.querySelectorAll("[data-line]").forEach((line) => {
    const quantity = countOf(line.querySelector("input").value);
    goods += quantity * Number(line.dataset.price);
    if (quantity) coops.add(line.dataset.coop);
  });
  const shipping = coops.size * Number(form.querySelector("[data-order-sum]").dataset.fee);
  write("goods", goods);
  write("shipping", shipping);
  write("total", goods + shipping);
};
if (form) {
  form.addEventListener("input", addUp);
  addEventListener("pageshow", addUp); // a page that comes back brings its numbers along
  addUp();
}
