/** What the server says of the draft as it stands: its sentence, and what speaks against it. */
import { useEffect, useState } from "preact/hooks";
import { mayPass, type Api, type ApiFailure, type Problem } from "../api";
import { localised, type Catalogue, type ConnectionOffer } from "../catalogue";
import { same, type Json, type JsonObject } from "../json";
import { inLanguage, t } from "../texts";
import type { RuleRow } from "./rule";

const PAUSE_MS = 300;
const AGAIN_MS = 4_000;

export interface Said {
  sentence: string;
  problems: Problem[];
}

/** Asked anew a moment after each change; until the answer is there, what was said last stands, at first `opened`.
 * Only who may build on the connection (`mayBuild`) is told a new sentence.
 */
export function useSaid(api: Api, rule: RuleRow, definition: JsonObject, opened: string, mayBuild: boolean): Said {
  const [said, setSaid] = useState<Said>({ sentence: opened, problems: [] });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isLatest = true;
    const ask = async () => {
      const [sentence, checked] = await Promise.all([
        mayBuild ? api<Json>("POST", "rules/sentence/", { connection: rule.connection, draft: definition }) : opened,
        api<{ problems: Problem[] }>("POST", `rules/${rule.id}/check/`, { draft: definition }),
      ]);
      if (isLatest) setSaid({ sentence: inLanguage(sentence), problems: checked.problems });
    };
    // Without an answer what was said last stands, and it is asked again; saving tells when there is no connection.
    const again = (error: ApiFailure) => isLatest && mayPass(error) && setTries(tries + 1);
    const timer = window.setTimeout(
      () => void ask().then(() => tries > 0 && isLatest && setTries(0), again),
      tries > 0 ? AGAIN_MS : PAUSE_MS,
    );
    return () => {
      isLatest = false;
      window.clearTimeout(timer);
    };
  }, [definition, rule.id, mayBuild, tries]);
  return said;
}

export interface Offers {
  connection: ConnectionOffer | undefined;
  catalogue: Catalogue | null;
}

const NOTHING: Catalogue = {
  object: { name: "", label: "", synonyms: [], usable: true, reason: null },
  fields: [],
  triggers: [],
  actions: [],
  policies: [],
  recipients: [],
  people: [],
  roles: [],
  channels: [],
  calendars: [],
  group_chats: [],
  writes: [],
  addresses: [],
  rules: [],
};

/** What can be chosen for rules about `object`; read again when another one is chosen. */
export function useOffers(api: Api, connectionId: number, object: string, onFailure: (error: Error) => void): Offers {
  const [offers, setOffers] = useState<Offers>({ connection: undefined, catalogue: null });
  useEffect(() => {
    let isLatest = true;
    const read = async () => {
      const all = localised<{ connections: ConnectionOffer[] }>(await api<Json>("GET", "rules/catalogue/"));
      const connection = all.connections.find((each) => each.id === connectionId);
      const known = connection?.objects.some((each) => each.name === object) ? object : "";
      const about = known || connection?.objects.find((each) => each.usable)?.name;
      const found = about
        ? localised<Catalogue>(await api<Json>("GET", `rules/catalogue/${connectionId}/${about}/`))
        : NOTHING;
      const catalogue = known
        ? found
        : { ...found, object: { ...NOTHING.object, label: object || t("chooseValue") }, fields: [] };
      if (isLatest)
        setOffers((before) => (same(before, { connection, catalogue }) ? before : { connection, catalogue }));
    };
    read().catch((error: Error) => isLatest && onFailure(error));
    return () => {
      isLatest = false;
    };
  }, [connectionId, object]);
  return offers;
}
