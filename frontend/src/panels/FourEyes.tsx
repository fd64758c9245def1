/** Whether publishing needs another person's approval, and what waits for one. */
import { useEffect, useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import { useView } from "../page/view";
import { t } from "../texts";

interface FourEyesRow {
  rule: boolean;
  connection: boolean;
  may_end: boolean;
  asked_by: string | null;
}

export function FourEyes() {
  const { api, rule } = useView();
  const [row, setRow] = useState<FourEyesRow | null>(null);
  const [failure, setFailure] = useState("");
  const address = `rules/${rule.id}/four-eyes/`;
  const failed = (error: ApiFailure) => setFailure(error.message || t("noConnection"));
  useEffect(() => {
    api<FourEyesRow>("GET", address).then(setRow, failed);
  }, [rule.id, rule.version]);
  if (!row) return failure ? <p class="b-note b-bad">{failure}</p> : null;

  const set = (of: "rule" | "connection", on: boolean) => {
    setFailure("");
    api<FourEyesRow>("POST", address, { of, on }).then(setRow, failed);
  };
  const mayRule = row.may_end || (!row.rule && rule.may.includes("publish"));
  return (
    <div class="e-labelled">
      <span class="e-label">{t("fourEyes")}</span>
      <span class="e-help">{t("fourEyesHelp")}</span>
      <label class="e-tick">
        <input
          type="checkbox"
          checked={row.rule}
          disabled={!mayRule}
          onChange={(event) => set("rule", event.currentTarget.checked)}
        />
        {t("fourEyesRule")}
      </label>
      <label class="e-tick">
        <input
          type="checkbox"
          checked={row.connection}
          disabled={!row.may_end}
          onChange={(event) => set("connection", event.currentTarget.checked)}
        />
        {t("fourEyesConnection", { name: rule.connection_name })}
      </label>
      {row.asked_by && <p class="b-note b-wait">{t("approvalWaits", { name: row.asked_by })}</p>}
      {failure && (
        <p class="b-note b-bad" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
