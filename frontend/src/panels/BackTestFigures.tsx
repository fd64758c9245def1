/** The figures of a back-test: totals, days as bars, people, and what was held back. */
import { isTextKey, t } from "../texts";
import type { Day, Summary } from "./backtest";

const MOST_ROWS = 8;

export function BackTestFigures({ summary, since, days }: { summary: Summary; since: string | null; days: number }) {
  const held = Object.entries(summary.held).filter(([, count]) => count > 0);
  return (
    <div class="e-result">
      <p class="b-note b-good">
        <strong>{t("backtestTotals", { fired: summary.fired, messages: summary.messages })}</strong>{" "}
        {t("backtestEvents", { events: summary.events, days })}
      </p>
      {since && (
        <p class="b-muted">
          {t("backtestSince", {
            day: new Date(since).toLocaleString(document.documentElement.lang, {
              dateStyle: "medium",
              timeStyle: "short",
            }),
          })}
        </p>
      )}
      {summary.per_day.length > 0 && <Days days={summary.per_day} />}
      {summary.text.map((words) => (
        <p key={words}>{words}</p>
      ))}
      {summary.people.length > 0 && (
        <table class="b-table">
          <thead>
            <tr>
              <th scope="col">{t("person")}</th>
              <th scope="col">{t("messagesCount")}</th>
              <th scope="col">{t("mostADay")}</th>
            </tr>
          </thead>
          <tbody>
            {summary.people.slice(0, MOST_ROWS).map((each) => (
              <tr key={each.username}>
                <th scope="row">{each.name}</th>
                <td>{each.messages}</td>
                <td>{each.most_a_day}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {summary.items.length > 0 && (
        <details class="e-more">
          <summary>{t("mostOften")}</summary>
          <ul class="e-elsewhere">
            {summary.items.slice(0, MOST_ROWS).map((each) => (
              <li key={each.key}>
                {each.key}: {each.fired}
              </li>
            ))}
          </ul>
        </details>
      )}
      {held.length > 0 && (
        <p class="b-muted">
          {t("heldBack")} {held.map(([reason, count]) => `${heldWords(reason)} ${count}`).join(" · ")}
        </p>
      )}
      {summary.left_out > 0 && <p class="b-muted">{t("leftOut", { count: summary.left_out })}</p>}
    </div>
  );
}

function heldWords(reason: string): string {
  const key = `held_${reason}`;
  return isTextKey(key) ? t(key) : reason;
}

/** One bar a day; the figures are in its title and in the table a reader hears. */
function Days({ days }: { days: Day[] }) {
  const most = Math.max(1, ...days.map((each) => each.messages));
  return (
    <ol class="e-days" aria-label={t("perDay")}>
      {days.map((each) => (
        <li key={each.day} title={`${each.day}: ${each.messages}`}>
          <span class="e-bar" style={{ height: `${(each.messages / most) * 100}%` }} />
          <span class="e-hidden">
            {each.day}: {each.messages}
          </span>
        </li>
      ))}
    </ol>
  );
}
