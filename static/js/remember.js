// Remembers the fields marked data-remember of a form[data-remember-as=KEY], on this device only and only
// while its [data-remember-consent] box is ticked. Unticking forgets at once, with the places in line that
// js/standby_kept.js noted under the same consent. Fills empty fields only.
const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const keep = (key, values) => { try { if (values) localStorage.setItem(key, JSON.stringify(values)); else localStorage.removeItem(key); } catch { /* private mode: nothing is kept */ } };
const forgetPlaces = () => { try { Object.keys(localStorage).filter((key) => key.startsWith("standby:")).forEach((key) => localStorage.removeItem(key)); } catch { /* nothing was kept */ } };
document.querySelectorAll("form[data-remember-as]").forEach((form) => {
  const key = `remember:${form.dataset.rememberAs}`;
  const consent = form.querySelector("[data-remember-consent]");
  const fields = [...form.querySelectorAll("[data-remember]")];
  const kept = read(key);
  if (kept) {
    consent.checked = true;
    fields.forEach((field) => {
      if (field.value || kept[field.name] === undefined) return;
      field.value = kept[field.name];
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  consent.addEventListener("change", () => { if (!consent.checked) { keep(key, undefined); forgetPlaces(); } });
  form.addEventListener("submit", () => {
    if (consent.checked) keep(key, Object.fromEntries(fields.map((field) => [field.name, field.value])));
  });
});
