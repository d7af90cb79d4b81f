// Search in pages that are opened from a folder. Browsers start no Worker from file:, so the
// worker's script runs in a hidden frame instead, and messages travel as events.
// The theme's offline plugin looks for a script of this name before it would load one from a CDN.
(() => {
  if (location.protocol !== "file:") return;

  window.IFrameWorker = class extends EventTarget {
    #waiting = [];
    #inside = null;

    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "Search";
      document.body.append(frame);
      const inside = frame.contentWindow;
      inside.postMessage = (data) =>
        this.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) }));
      const script = inside.document.createElement("script");
      script.src = new URL(address, location.href).href;
      script.onload = () => {
        this.#inside = inside;
        this.#waiting.splice(0).forEach((data) => this.postMessage(data));
      };
      script.onerror = () => this.dispatchEvent(new Event("error"));
      inside.document.body.append(script);
    }

    postMessage(data) {
      if (this.#inside === null) this.#waiting.push(structuredClone(data));
      else this.#inside.dispatchEvent(new this.#inside.MessageEvent("message", { data }));
    }
  };
  window.Worker = window.IFrameWorker;
})();
