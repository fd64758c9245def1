/** A rule in force: whether it has fired, and the way to what happened. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../texts";
import { useView } from "./view";

const AGAIN_MS = 2_000;
const LATEST = 20;

export function FirstTime({ runsPage }: { runsPage: string }) {
  const { api, rule } = useView();
  const [runs, setRuns] = useState<{ id: number }[]>([]);
  useEffect(() => {
    let timer = 0;
    const ask = async () => {
      const found = await api<{ results: { id: number }[] }>("GET", `runs/?rule=${rule.id}&limit=${LATEST}`).catch(
        () => null,
      );
      if (found?.results.length) setRuns(found.results);
      else timer = window.setTimeout(() => void ask(), AGAIN_MS);
    };
    timer = window.setTimeout(() => void ask(), 0);
    return () => window.clearTimeout(timer);
  }, [rule.id, rule.version]);
  const latest = runs[0];
  return (
    <p class="e-first" role="status">
      {latest ? (
        <>
          {t("firstFired", { count: runs.length < LATEST ? runs.length : `${LATEST}+` })}{" "}
          <a class="e-link" href={`${runsPage}${latest.id}/change/`}>
            {t("firstRun")}
          </a>{" "}
          ·{" "}
          <a class="e-link" href="/inbox/">
            {t("firstInbox")}
          </a>
        </>
      ) : (
        t("firstWaiting")
      )}
    </p>
  );
}
