/** What the draft would do on one recorded event, or on values typed over it. Nothing is sent. */
import { useEffect, useState } from "preact/hooks";
import { errorsOf, type ApiFailure } from "../api";
import type { Json, JsonObject } from "../json";
import { objectOf } from "../page/rule";
import { useView } from "../page/view";
import { t } from "../texts";
import { TryOutResult } from "./TryOutResult";
import { eventWords, fieldsUsed, occasionOf, type DryRun, type EventRow } from "./tryout";
import { WhatIf } from "./WhatIf";

const PAUSE_MS = 600;
const EVENTS = 30;

export function TryOut() {
  const { api, rule, definition, connection, problems } = useView();
  const object = objectOf(definition);
  const [events, setEvents] = useState<EventRow[] | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const [typed, setTyped] = useState<JsonObject>({});
  const [done, setDone] = useState<DryRun | null>(null);
  const [failure, setFailure] = useState("");
  const event = events?.find((each) => each.id === chosen);
  const isReady = errorsOf(problems).length === 0;

  useEffect(() => {
    if (!connection || object === "") return;
    setTyped({});
    const path = `events/?connection=${encodeURIComponent(connection.slug)}&object=${encodeURIComponent(object)}&limit=${EVENTS}`;
    api<{ results: EventRow[] }>("GET", path).then(
      ({ results }) => {
        const usable = results.filter((each) => each.after !== null);
        setEvents(usable);
        setChosen(usable[0]?.id ?? null);
      },
      (error: ApiFailure) => setFailure(error.message || t("noConnection")),
    );
  }, [connection?.slug, object]);

  useEffect(() => {
    if (!event || !isReady) return;
    let isLatest = true;
    const timer = window.setTimeout(() => {
      api<DryRun>("POST", `rules/${rule.id}/dryrun/`, { draft: definition, ...occasionOf(event, typed) }).then(
        (answer) => {
          if (!isLatest) return;
          setDone(answer);
          setFailure("");
        },
        (error: ApiFailure) => isLatest && setFailure(error.message || t("noConnection")),
      );
    }, PAUSE_MS);
    return () => {
      isLatest = false;
      window.clearTimeout(timer);
    };
  }, [event?.id, typed, definition, isReady]);

  if (events !== null && events.length === 0) return <p class="b-muted">{t("tryNoEvents")}</p>;
  return (
    <div class="e-try">
      <p class="b-muted">{t("tryHelp")}</p>
      <label class="e-labelled">
        <span class="e-label">{t("tryEvent")}</span>
        <select
          class="e-control"
          value={String(chosen ?? "")}
          disabled={events === null}
          onChange={(changed) => {
            setChosen(Number(changed.currentTarget.value));
            setTyped({});
          }}
        >
          {(events ?? []).map((each) => (
            <option key={each.id} value={each.id}>
              {eventWords(each)}
            </option>
          ))}
        </select>
      </label>
      {event && (
        <WhatIf
          event={event}
          names={fieldsUsed(definition)}
          typed={typed}
          onType={(name: string, value: Json) => setTyped({ ...typed, [name]: value })}
          onReset={() => setTyped({})}
        />
      )}
      {failure && (
        <p class="b-note b-bad" role="alert">
          {failure}
        </p>
      )}
      {isReady ? done && <TryOutResult done={done} /> : <p class="b-note b-wait">{t("tryMendFirst")}</p>}
    </div>
  );
}
