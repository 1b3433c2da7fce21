// Photos chosen in a [data-send-photos] are made smaller on the phone, kept on this device (IndexedDB) and
// sent one by one, each until it is answered and always with its own key: neither a weak network, a closed
// page nor being signed out loses one or sends one twice. Each shows how it fares; a bad one is named and
// stops no other. Two ways:
// - a form[data-send-photos=NEXT_URL] of photos alone: they are sent to its action, then NEXT_URL opens;
// - a box in a larger form (data-send-photos="" data-hold=URL): they are sent to URL, and the form carries the
//   words that come back (inputs named "held") when it is sent itself.
// Without this script the form is sent as a whole.
// Words: data-sending, data-waiting, data-waiting-open (nothing can be kept here), data-turn (the server
// is busy: 503 with Retry-After), data-refused, data-kept,
// data-first, data-too-many, data-again, data-remove. data-most: how many there may be.
const LONGEST = 1600;
const SMALL_ENOUGH = 400000; // bytes
const RETRY_MS = 4000;
const LONGEST_PAUSE_MS = 60000;
const TIMEOUT_MS = 90000;
const MINUTE_MS = 60000;
const DAY_MS = 24 * 3600 * 1000;
const WEEK_MS = 7 * DAY_MS;
const REFUSED_FOR_GOOD = [400, 404, 410, 413, 422];
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const answered = (request) => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });
// What must outlive a reload; forgotten at once where the browser keeps nothing
const noted = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
const note = (name, text) => {
  try {
    sessionStorage.setItem(name, text);
    return true;
  } catch { return false; }
};
const quietly = async (promise) => { try { return await promise; } catch { return null; } };
const make = (tag, look, words) => { const made = document.createElement(tag); if (look) made.className = look; if (words) made.textContent = words; return made; };

const openStore = async () => {
  const request = indexedDB.open("cho-phien-photos", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "key" });
  const base = await answered(request);
  const act = (mode, verb, ...what) => answered(base.transaction("waiting", mode).objectStore("waiting")[verb](...what));
  return { put: (photo) => act("readwrite", "put", photo), drop: (key) => act("readwrite", "delete", key), all: () => act("readonly", "getAll") };
};
const opening = (async () => openStore())().catch(() => null); // forbidden, for example in a private window

// Making smaller: the browser's decoder may turn photos upright by itself; where it does not, the server does
const decoded = async (file) => {
  try { return await createImageBitmap(file, { imageOrientation: "from-image" }); } catch { /* the older way */ }
  if (!(window.CSS && CSS.supports("image-orientation", "from-image"))) throw new Error("would lie on its side");
  const seen = new Image();
  const address = URL.createObjectURL(file);
  try {
    await new Promise((done, fail) => { seen.onload = done; seen.onerror = fail; seen.src = address; });
    return seen;
  } finally { URL.revokeObjectURL(address); }
};
const smaller = async (file) => {
  if (file.size <= SMALL_ENOUGH || file.type === "application/pdf") return file;
  try {
    const photo = await decoded(file);
    const [width, height] = [photo.naturalWidth || photo.width, photo.naturalHeight || photo.height];
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const canvas = make("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const paint = canvas.getContext("2d");
    paint.fillStyle = "#fff"; // a JPEG has no holes: what was see-through would turn black
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(photo, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.86); });
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch { return file; } // the server decides what it is
};

const post = (address, content, key, onPart) => new Promise((done, fail) => {
  const request = new XMLHttpRequest(); // fetch cannot tell how much has left
  request.open("POST", address);
  request.timeout = TIMEOUT_MS;
  request.setRequestHeader("Idempotency-Key", key);
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = (event) => { if (event.lengthComputable) onPart(event.loaded / event.total); };
  request.onload = () => done(request);
  request.onerror = request.ontimeout = request.onabort = () => fail(new Error("no answer"));
  request.send(content);
});

const equip = async (box) => {
  const form = box.closest("form");
  const input = box.querySelector("input[type=file]");
  const says = box.querySelector("[data-photos-say]");
  const list = box.querySelector("[data-photos-waiting]");
  const words = box.dataset;
  const isHeld = "hold" in words;
  const address = new URL(isHeld ? words.hold : form.action, location).pathname;
  const place = isHeld ? `${location.pathname}#${input.name}` : address;
  const most = Number(words.most || 99);
  const refusedIn = `photos-refused:${place}`;
  const waiting = []; // not answered yet, in order
  let isSending = false;
  let count = 0;
  let kept = 0;
  let refused = [];
  let turnMs = 0; // how long the server wants us to wait
  let tries = 0;
  let pressed = null; // a button of the form that waits for the photos

  const say = (text, look) => {
    says.hidden = !text;
    says.textContent = text;
    says.className = look;
    says.setAttribute("role", look === "field__error" ? "alert" : "status");
  };
  const about = (kind) => say(words[kind].replace("%s", `${Math.min(count, count - waiting.length + 1)}/${count}`), kind === "sending" ? "saved" : "saved saved--off");
  const store = await opening;

  const forget = (photo) => { if (store) quietly(store.drop(photo.key)); };
  const removeButton = (photo) => {
    const button = make("button", "btn btn--small btn--quiet", words.remove);
    button.type = "button";
    button.addEventListener("click", () => {
      forget(photo);
      photo.tile.remove();
      const at = waiting.indexOf(photo);
      if (at >= 0) { waiting.splice(at, 1); count -= 1; }
    });
    return button;
  };
  const tile = (photo) => {
    photo.tile = make("div", "upload");
    photo.tile.dataset.key = photo.key;
    const seen = new Image(112, 84);
    seen.alt = photo.name;
    seen.addEventListener("error", () => seen.remove()); // a paper, or what this browser cannot show
    seen.src = photo.url || URL.createObjectURL(photo.file);
    photo.state = make("span", "upload__state");
    photo.tile.append(seen, make("span", "upload__name", photo.name), photo.state);
    list.append(photo.tile);
    return photo;
  };
  const mark = (photo, state, text) => {
    photo.tile.dataset.state = state;
    photo.state.textContent = text;
  };
  const showKept = (photo) => {
    for (const held of photo.held) {
      if ([...box.querySelectorAll("input[name=held]")].some((one) => one.value === held.word)) continue;
      const word = make("input");
      Object.assign(word, { type: "hidden", name: "held", value: held.word });
      photo.tile.append(word);
    }
    mark(photo, "kept", words.kept);
    photo.tile.append(removeButton(photo));
  };
  const showRefused = (photo, sentences) => {
    mark(photo, "refused", sentences.join(" "));
    photo.tile.append(removeButton(photo));
  };
  const full = () => box.querySelectorAll(".upload:not([data-state=refused])").length >= most;

  // What became of a photo: the answer, or null when it was not answered yet
  const sendOne = async (photo) => {
    const content = new FormData();
    content.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    content.append(isHeld ? "photo" : input.name, photo.file, photo.name);
    mark(photo, "sending", words.sending.replace("%s", ""));
    const answer = await post(address, content, photo.key, (part) => mark(photo, "sending", `${Math.round(part * 100)} %`));
    if (answer.status === 403 || new URL(answer.responseURL, location).pathname !== address) { await signedOut(); return null; }
    const later = answer.getResponseHeader("Retry-After");
    turnMs = later === null ? 0 : 1000 * (Number(later) || 1);
    if (answer.status !== 200 && !REFUSED_FOR_GOOD.includes(answer.status)) return null;
    try { return JSON.parse(answer.responseText); } catch { return { refused: [words.refused.replace("%s", photo.name)] }; }
  };
  const signedOut = async () => { // sign-in leads back here, where the sending goes on
    if (!store || Date.now() - Number(noted("photos-reloaded")) < MINUTE_MS) return;
    if (!note("photos-reloaded", Date.now())) return;
    location.reload();
    await new Promise(() => {});
  };
  const settle = (photo, answer) => {
    const sentences = answer.refused || [];
    refused.push(...sentences);
    kept += answer.kept || (answer.held || []).length;
    if (isHeld && (answer.held || []).length) {
      photo.held = answer.held;
      if (store) quietly(store.put({ key: photo.key, address: place, name: photo.name, held: photo.held, url: photo.held[0].url, at: photo.at }));
      showKept(photo);
    } else {
      forget(photo);
      if (sentences.length) showRefused(photo, sentences);
      else photo.tile.remove();
    }
  };
  const send = async () => {
    if (isSending) return;
    isSending = true;
    form.classList.add("is-busy");
    while (waiting.length) {
      const [photo] = waiting;
      about("sending");
      turnMs = 0;
      const answer = await quietly(sendOne(photo));
      if (waiting[0] !== photo) continue; // removed meanwhile
      if (answer === null) {
        mark(photo, "waiting", turnMs ? "" : words.again);
        about(turnMs ? "turn" : store ? "waiting" : "waitingOpen");
        const growing = Math.min(RETRY_MS * 2 ** Math.min(tries, 4), LONGEST_PAUSE_MS);
        tries += 1;
        const pause = turnMs ? Math.max(turnMs, growing * (0.5 + Math.random() / 2)) : RETRY_MS;
        await new Promise((done) => { setTimeout(done, pause); addEventListener("online", done, { once: true }); });
        continue;
      }
      tries = 0;
      settle(photo, answer);
      waiting.shift();
    }
    isSending = false;
    form.classList.remove("is-busy");
    finish();
  };
  const finish = () => {
    const sentences = refused.join(" ");
    if (isHeld) {
      say(sentences, "field__error");
      [refused, count] = [[], 0];
      if (pressed && !sentences) { const button = pressed; pressed = null; button.click(); }
      pressed = null;
      return;
    }
    if (!kept) { say(sentences, "field__error"); [refused, count] = [[], 0]; return; }
    if (refused.length) note(refusedIn, sentences);
    const next = new URL(words.sendPhotos, location);
    const isHere = next.pathname + next.search === location.pathname + location.search;
    location.assign(next);
    if (isHere) location.reload(); // another place on the page alone loads nothing
  };
  const queue = (photo) => {
    waiting.push(tile(photo));
    count += 1;
    mark(photo, "waiting", "");
  };

  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    input.required = false;
    const unfit = [];
    for (const chosen of files) {
      if (full() && most === 1) list.querySelectorAll(".upload").forEach((old) => old.remove()); // the new one takes its place
      if (full()) { unfit.push(chosen.name); continue; }
      const photo = { key: newKey(), address: place, file: await smaller(chosen), name: chosen.name, at: Date.now() };
      if (store) await quietly(store.put({ ...photo })); // the device is full: sent all the same
      queue(photo);
      send();
    }
    if (unfit.length) { refused.push(words.tooMany.replace("%s", unfit.join(", "))); if (!isSending) finish(); }
  });
  form.addEventListener("submit", (event) => {
    if (!isHeld) { event.preventDefault(); return; }
    if (!waiting.length) return;
    event.preventDefault(); // goes by itself once the photos are there
    pressed = event.submitter || form.querySelector("button:not([type=button])");
    say(words.first, "saved");
  });
  if (!isHeld) form.querySelector("button").hidden = true; // choosing is sending
  const told = noted(refusedIn);
  note(refusedIn, "");
  if (told) say(told, "field__error");
  const doneAt = Number((() => { try { return localStorage.getItem(`done:${form.dataset.draft}`); } catch { return 0; } })() || 0);
  for (const photo of (store && await quietly(store.all())) || []) {
    if (Date.now() - photo.at > (photo.held ? DAY_MS : WEEK_MS)) { store.drop(photo.key); continue; }
    if (photo.address !== place) continue;
    if (isHeld && photo.at < doneAt) { store.drop(photo.key); continue; } // the form was taken with them
    if (!photo.held) { queue({ name: photo.file.name, ...photo }); continue; }
    if (!full() && !photo.held.some((held) => [...box.querySelectorAll("[name=held]")].some((one) => one.value === held.word))) showKept(tile(photo));
  }
  if (waiting.length) send();
};
document.querySelectorAll("[data-send-photos]").forEach(equip);
