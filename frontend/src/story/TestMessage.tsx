/** Sends the message of one action to oneself, marked as a test. */
import { useState } from "preact/hooks";
import { errorsOf, type ApiFailure } from "../api";
import { useView } from "../page/view";
import { t } from "../texts";

export function TestMessage({ pointer }: { pointer: string }) {
  const { api, rule, definition, problems } = useView();
  const [told, setTold] = useState<{ text: string; isBad: boolean } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isReady = errorsOf(problems).length === 0;
  const send = () => {
    setBusy(true);
    api<{ channels: string[] }>("POST", `rules/${rule.id}/test/`, { step: pointer, draft: definition })
      .then(
        ({ channels }) => setTold({ text: t("testSent", { channels: channels.join(", ") }), isBad: false }),
        (error: ApiFailure) => setTold({ text: error.message || t("noConnection"), isBad: true }),
      )
      .finally(() => setBusy(false));
  };
  return (
    <p class="e-line e-test">
      <button
        type="button"
        class="b-button"
        disabled={!isReady || isBusy}
        title={isReady ? t("testHelp") : t("problemsFirst")}
        onClick={send}
      >
        {t("testMessage")}
      </button>
      {told && (
        <span class={told.isBad ? "b-bad-text" : "b-good-text"} role={told.isBad ? "alert" : "status"}>
          {told.text}
        </span>
      )}
    </p>
  );
}
