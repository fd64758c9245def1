/** The draft over the recorded events of some days: how often it would have fired, and whom it would have told. */
import { useEffect, useState } from "preact/hooks";
import { errorsOf, type ApiFailure } from "../api";
import { useView } from "../page/view";
import { t } from "../texts";
import { isGoing, type BackTestRow } from "./backtest";
import { BackTestHits } from "./BackTestHits";
import { BackTestFigures } from "./BackTestFigures";

const LOOK_MS = 1_000;
const DAYS = [1, 7, 30, 90];

export function BackTest() {
  const { api, rule, definition, problems } = useView();
  const [days, setDays] = useState(7);
  const [row, setRow] = useState<BackTestRow | null>(null);
  const [failure, setFailure] = useState("");
  const address = `rules/${rule.id}/backtests/`;
  const failed = (error: ApiFailure) => setFailure(error.message || t("noConnection"));

  useEffect(() => {
    api<{ results: BackTestRow[] }>("GET", `${address}?limit=1`).then(
      ({ results }) => setRow(results[0] ?? null),
      failed,
    );
  }, [rule.id]);
  useEffect(() => {
    if (!isGoing(row)) return;
    const timer = window.setTimeout(() => {
      // Away for a moment: it goes on there, and the next look tells.
      api<BackTestRow>("GET", `${address}${row!.id}/`).then(setRow, () => setRow({ ...row! }));
    }, LOOK_MS);
    return () => window.clearTimeout(timer);
  }, [row]);

  const ask = (path: string, body?: unknown) => {
    setFailure("");
    api<BackTestRow>("POST", path, body).then(setRow, failed);
  };
  const isReady = errorsOf(problems).length === 0;
  return (
    <div class="e-backtest">
      <p class="b-muted">{t("backtestHelp")}</p>
      <p class="e-line">
        <select
          class="e-control"
          aria-label={t("backtestDays")}
          value={days}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
        >
          {DAYS.map((each) => (
            <option key={each} value={each}>
              {t("lastDays", { count: each })}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="b-button"
          disabled={!isReady || isGoing(row)}
          onClick={() => ask(address, { days, draft: definition })}
        >
          {t("backtestStart")}
        </button>
      </p>
      {!isReady && <p class="b-note b-wait">{t("tryMendFirst")}</p>}
      {failure && (
        <p class="b-note b-bad" role="alert">
          {failure}
        </p>
      )}
      {row && isGoing(row) && (
        <div class="e-progress">
          <progress value={row.done} max={Math.max(row.total, 1)} aria-label={t("backtestRunning")} />
          <span role="status">{t("backtestProgress", { done: row.done, total: row.total })}</span>
          <button type="button" class="e-link" onClick={() => ask(`${address}${row.id}/cancel/`)}>
            {t("cancel")}
          </button>
        </div>
      )}
      {row?.state === "cancelled" && <p class="b-note">{t("backtestCancelled")}</p>}
      {row?.state === "failed" && <p class="b-note b-bad">{row.reason}</p>}
      {row?.summary && <BackTestFigures summary={row.summary} since={row.since} days={row.days} />}
      {row?.state === "done" && (
        <details class="e-more">
          <summary>{t("hits")}</summary>
          <BackTestHits backtest={row.id} />
        </details>
      )}
    </div>
  );
}
