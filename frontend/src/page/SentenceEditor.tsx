/** The rule as a sentence; it can be edited as text. What can be meant in two ways is asked about. */
import { useRef, useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import type { JsonObject } from "../json";
import { t } from "../texts";
import { useView } from "./view";

interface Meaning {
  sentence: string;
  draft: JsonObject;
}

interface Answer {
  meanings: Meaning[];
  problem: { start: number; end: number; message: string } | null;
}

export function SentenceEditor({ sentence, onDraft }: { sentence: string; onDraft(definition: JsonObject): void }) {
  const { api, rule, definition, isReadOnly } = useView();
  const [text, setText] = useState<string | null>(null);
  const [choices, setChoices] = useState<Meaning[]>([]);
  const [message, setMessage] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);

  function taken(meaning: Meaning) {
    onDraft(meaning.draft);
    close();
  }
  function close() {
    setText(null);
    setChoices([]);
    setMessage("");
  }
  async function read(given: string) {
    setChoices([]);
    setMessage("");
    try {
      const { meanings, problem } = await api<Answer>("POST", `rules/${rule.id}/text/`, {
        text: given,
        draft: definition,
      });
      if (problem) {
        setMessage(problem.message);
        field.current?.focus();
        field.current?.setSelectionRange(problem.start, problem.end);
      } else if (meanings.length === 1) taken(meanings[0]!);
      else setChoices(meanings);
    } catch (error) {
      setMessage((error as ApiFailure).message || t("noConnection"));
    }
  }

  if (text === null) {
    return (
      <div class="e-sentence">
        <p class="b-sentence" aria-label={t("sentence")} aria-live="polite">
          {sentence || "…"}
        </p>
        {!isReadOnly && (
          <button type="button" class="e-link" onClick={() => setText(sentence)}>
            {t("sentenceEdit")}
          </button>
        )}
      </div>
    );
  }
  return (
    <div class="e-sentence e-sentence-open">
      <textarea
        ref={field}
        class={`e-control${message ? " e-wrong" : ""}`}
        rows={5}
        aria-label={t("sentence")}
        aria-invalid={message !== ""}
        aria-describedby="sentence-help"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p id="sentence-help" class="b-muted">
        {t("sentenceHelp")}
      </p>
      {message && (
        <p class="b-note b-bad" role="alert">
          {message}
        </p>
      )}
      {choices.length > 0 && (
        <div class="b-note b-wait" role="group" aria-label={t("sentenceChoose")}>
          <p>{t("sentenceChoose")}</p>
          {choices.map((each) => (
            <button key={each.sentence} type="button" class="b-button e-choice" onClick={() => taken(each)}>
              {each.sentence}
            </button>
          ))}
        </div>
      )}
      <p class="b-acts">
        <button type="button" class="b-button b-primary" onClick={() => void read(text)}>
          {t("sentenceTake")}
        </button>
        <button type="button" class="b-button" onClick={close}>
          {t("cancel")}
        </button>
      </p>
    </div>
  );
}
