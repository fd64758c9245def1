/** Puts the editor in its place. */
import { render } from "preact";
import { apiAt } from "./api";
import { Page } from "./page/Page";
import "./editor.css";

export function editorMount(place: HTMLElement): void {
  const { api = "", rule = "", page = "", sentence = "", runs = "" } = place.dataset;
  place.replaceChildren();
  render(<Page api={apiAt(api)} ruleId={Number(rule)} rulePage={page} sentence={sentence} runsPage={runs} />, place);
}
