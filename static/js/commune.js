// Makes one box with suggestions of every [data-commune]: type, then choose by finger, mouse or keys. What is
// typed and not chosen is sent too: the server understands a whole name by itself.
const PAUSE_MS = 150;
const LEAST = 2;

const element = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

const equip = (box) => {
  const { name, text, code, hint, label } = box.dataset;
  const lists = box.querySelector("[data-commune-lists]");
  const select = lists.querySelector(`select[name="${name}"]`);
  const listId = `${select.id}_list`;
  const input = element("input", { type: "text", maxlength: 120 });
  for (const { name: attribute, value } of select.attributes) if (!["name", "disabled", "class"].includes(attribute)) input.setAttribute(attribute, value);
  Object.assign(input, { name: `${name}_text`, value: text, placeholder: hint, autocomplete: "off", spellcheck: false });
  for (const [attribute, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": listId, autocapitalize: "words" })) input.setAttribute(attribute, value);
  const hidden = element("input", { type: "hidden", name, value: code });
  const list = element("ul", { id: listId, role: "listbox", "aria-label": label, class: "suggest", hidden: "" });
  const says = element("p", { class: "field__help", role: "status" });
  lists.replaceWith(input, hidden, list, says);

  let current = -1;
  let asked = 0;
  let timer;
  const options = () => [...list.children];
  const close = () => { list.hidden = true; current = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const point = (index) => {
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    current = index;
    if (index < 0) { input.removeAttribute("aria-activedescendant"); return; }
    input.setAttribute("aria-activedescendant", options()[index].id);
    options()[index].scrollIntoView({ block: "nearest" });
  };
  const choose = (option) => {
    input.value = option.dataset.text;
    hidden.value = option.dataset.code;
    says.textContent = "";
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.form?.dispatchEvent(new Event("input", { bubbles: true })); // a kept draft takes note
  };
  const draw = (communes) => {
    list.replaceChildren(...communes.map((commune, i) => {
      const was = commune.was ? element("span", { class: "small soft" }, ` (${box.dataset.was} ${commune.was})`) : "";
      return element("li", { role: "option", id: `${listId}_${i}`, "aria-selected": "false", "data-code": commune.code, "data-text": commune.text }, element("span", {}, commune.text, was));
    }));
    list.hidden = communes.length === 0;
    input.setAttribute("aria-expanded", String(communes.length > 0));
    point(-1);
    says.textContent = communes.length ? box.dataset.found.replace("%s", communes.length) : box.dataset.none;
  };
  const ask = async () => {
    const mine = ++asked;
    const typed = input.value.trim();
    if (typed.length < LEAST) { close(); says.textContent = ""; return; }
    try {
      const answer = await fetch(`${box.dataset.commune}?${new URLSearchParams({ q: typed })}`, { headers: { Accept: "application/json" } });
      const { communes } = await answer.json();
      if (mine === asked && document.activeElement === input) draw(communes);
    } catch {
      if (mine === asked) { close(); says.textContent = box.dataset.offline; }
    }
  };

  input.addEventListener("input", () => { hidden.value = ""; clearTimeout(timer); timer = setTimeout(ask, PAUSE_MS); });
  input.addEventListener("keydown", (event) => {
    const count = list.hidden ? 0 : list.children.length;
    if (event.key === "Escape" && count) { close(); event.preventDefault(); }
    if (event.key === "ArrowDown" && !count) ask();
    if (!count) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      point((current + step + (current < 0 && step < 0 ? 1 : 0) + count) % count);
    }
    if (event.key === "Enter" && current >= 0) { event.preventDefault(); choose(options()[current]); }
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) choose(option); });
  input.addEventListener("blur", close);
  input.addEventListener("focus", () => { if (input.value && !hidden.value) ask(); }); // typed, refused, and back
};

document.querySelectorAll("[data-commune]").forEach(equip);
