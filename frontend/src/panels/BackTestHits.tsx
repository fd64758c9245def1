/** What a back-test would have sent, message by message, a page at a time. */
import { useEffect, useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import { useView } from "../page/view";
import { t } from "../texts";

interface Hit {
  event: number;
  at: string;
  key: string;
  title: string;
  name: string | null;
  channel: string | null;
}

interface HitPage {
  next: string | null;
  results: Hit[];
}

const PAGE = 20;

export function BackTestHits({ backtest }: { backtest: number }) {
  const { api, rule } = useView();
  const [side, setSide] = useState<"draft" | "published">("draft");
  const [hits, setHits] = useState<Hit[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [failure, setFailure] = useState("");
  const [isRead, setRead] = useState(false);
  const address = `rules/${rule.id}/backtests/${backtest}/hits/`;

  const load = (path: string, before: Hit[]) => {
    setFailure("");
    api<HitPage>("GET", path).then(
      (page) => {
        setHits([...before, ...page.results]);
        setNext(page.next === null ? null : address + new URL(page.next, location.href).search);
        setRead(true);
      },
      (error: ApiFailure) => setFailure(error.message || t("noConnection")),
    );
  };
  useEffect(() => load(`${address}?limit=${PAGE}&side=${side}`, []), [backtest, side]);

  return (
    <div class="e-hits">
      <label class="e-line">
        <span class="e-label">{t("hitsOf")}</span>
        <select
          class="e-control"
          value={side}
          onChange={(event) => setSide(event.currentTarget.value as "draft" | "published")}
        >
          <option value="draft">{t("state_draft")}</option>
          <option value="published">{t("inForce")}</option>
        </select>
      </label>
      {failure && (
        <p class="b-note b-bad" role="alert">
          {failure}
        </p>
      )}
      {isRead && hits.length === 0 && next === null && <p class="b-muted">{t("hitsNone")}</p>}
      {hits.length > 0 && (
        <div class="e-scroll" tabIndex={0} role="region" aria-label={t("hits")}>
          <table class="b-table">
            <thead>
              <tr>
                <th scope="col">{t("hitAt")}</th>
                <th scope="col">{t("hitRecord")}</th>
                <th scope="col">{t("person")}</th>
              </tr>
            </thead>
            <tbody>
              {hits.map((each, index) => (
                <tr key={`${each.event}-${each.name}-${index}`}>
                  <td>
                    <a class="e-link" href={`/admin/connectors/event/${each.event}/change/`}>
                      {new Date(each.at).toLocaleString(document.documentElement.lang, {
                        dateStyle: "short",
                        timeStyle: "short",
                      })}
                    </a>
                  </td>
                  <td>{each.title || each.key}</td>
                  <td>{each.name === null ? t("held_nobody") : `${each.name} · ${each.channel}`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next !== null && (
        <button type="button" class="e-link" onClick={() => load(next, hits)}>
          {t("moreHits")}
        </button>
      )}
    </div>
  );
}
