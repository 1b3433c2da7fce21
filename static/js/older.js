// Comes before every other script and completes what browsers of docs/browsers.md lack and the other scripts use:
// AbortSignal.timeout, replaceChildren, requestSubmit, event.submitter.
if (!AbortSignal.timeout) AbortSignal.timeout = (ms) => { const clock = new AbortController(); setTimeout(() => clock.abort(), ms); return clock.signal; };
for (const { prototype } of [Element, DocumentFragment]) {
  prototype.replaceChildren = prototype.replaceChildren || function replaceChildren(...nodes) { this.textContent = ""; this.append(...nodes); };
}
let pressed = null; // the button of the submit that follows
const sends = (button) => button?.form && button.type === "submit";
const tellsButton = window.SubmitEvent && "submitter" in SubmitEvent.prototype;
if (!tellsButton) {
  addEventListener("click", ({ target }) => { const button = target.closest?.("button, input"); pressed = sends(button) ? button : null; }, true);
  addEventListener("submit", (event) => { Object.defineProperty(event, "submitter", { value: pressed?.form === event.target ? pressed : null }); pressed = null; }, true);
}
if (!tellsButton || !HTMLFormElement.prototype.requestSubmit) HTMLFormElement.prototype.requestSubmit = function requestSubmit(submitter) {
  const button = submitter || Object.assign(document.createElement("button"), { hidden: true });
  if (!submitter) this.append(button);
  button.click();
  if (!submitter) button.remove();
};
