/** What no editor can draw: shown, never altered. */
import { jsonFormat, type Json } from "../json";
import { t } from "../texts";

export function AsItIs({ value }: { value: Json }) {
  if (value === null) return <span class="b-muted">–</span>;
  return (
    <details class="e-as-it-is">
      <summary>{t("keptAsWritten")}</summary>
      <pre class="b-pre" tabIndex={0}>
        {jsonFormat(value, 2)}
      </pre>
    </details>
  );
}
