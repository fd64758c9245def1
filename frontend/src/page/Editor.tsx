/** One opened rule: the sentence on top, the story below, and what there is to mend beside it. */
import { useCallback, useEffect, useMemo, useReducer, useState } from "preact/hooks";
import type { Api } from "../api";
import { historyNext, historyStart } from "../draft";
import { same, type Json } from "../json";
import { ForWhomAndThen } from "../story/Then";
import { If } from "../story/If";
import { StartFromPack } from "../packs/StartFromPack";
import { When } from "../story/When";
import { t } from "../texts";
import { useOffers, useSaid } from "./asking";
import { Conflict } from "./Conflict";
import { Header } from "./Header";
import { objectOf, type RuleRow } from "./rule";
import { useSaving } from "./saving";
import { Side } from "./Side";
import { ViewContext, type View } from "./view";

interface EditorProps {
  api: Api;
  opened: RuleRow;
  rulePage: string;
  sentence: string;
  runsPage: string;
  onFailure(error: Error): void;
}

export function Editor({ api, opened, rulePage, sentence, runsPage, onFailure }: EditorProps) {
  const [rule, setRule] = useState(opened);
  const [history, change] = useReducer(historyNext, historyStart({ name: opened.name, definition: opened.draft }));
  const { present } = history;
  const isReadOnly = !rule.may.includes("change");
  const saving = useSaving(api, rule, present, isReadOnly, setRule);
  const offers = useOffers(api, rule.connection, objectOf(present.definition), onFailure);
  const said = useSaid(api, rule, present.definition, sentence, offers.connection !== undefined);
  const set = useCallback(
    (pointer: string, part: Json | undefined) => change({ type: "set", pointer, part, at: Date.now() }),
    [],
  );
  useUndoKeys(
    () => change({ type: "undo" }),
    () => change({ type: "redo" }),
    isReadOnly,
  );

  const view = useMemo<View | null>(
    () =>
      offers.catalogue && {
        api,
        rule,
        connection: offers.connection,
        catalogue: offers.catalogue,
        definition: present.definition,
        problems: said.problems,
        isReadOnly,
        set,
      },
    [rule, offers, present.definition, said.problems, isReadOnly],
  );
  if (!view)
    return (
      <p class="b-card b-muted" role="status">
        {t("loading")}
      </p>
    );
  return (
    <ViewContext.Provider value={view}>
      <Header
        draft={present}
        history={history}
        saving={saving.state}
        change={change}
        rulePage={rulePage}
        runsPage={runsPage}
        sentence={said.sentence}
        onRule={setRule}
        flush={saving.flush}
        isPublished={same(present.definition, rule.published)}
      />
      {saving.state.kind === "conflict" && (
        <Conflict
          theirs={saving.state.theirs}
          onTake={(theirs) => {
            saving.rebase(theirs);
            setRule(theirs);
            change({ type: "replace", draft: { name: theirs.name, definition: theirs.draft } });
          }}
          onKeep={(theirs) => saving.rebase(theirs)}
        />
      )}
      {isReadOnly && <p class="b-note">{t("readOnly")}</p>}
      {offers.connection && !isReadOnly && (
        <StartFromPack
          onDraft={(made) =>
            change({ type: "replace", draft: { name: made.name ?? present.name, definition: made.draft } })
          }
        />
      )}
      {offers.connection ? (
        <div class="e-desk">
          <div class="e-story">
            <When />
            <If />
            <ForWhomAndThen />
          </div>
          <Side onRule={setRule} />
        </div>
      ) : (
        <p class="b-note b-wait">{t("mayNotBuild", { connection: rule.connection_name })}</p>
      )}
    </ViewContext.Provider>
  );
}

function useUndoKeys(undo: () => void, redo: () => void, isOff: boolean) {
  useEffect(() => {
    if (isOff) return;
    const pressed = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === "z") (event.shiftKey ? redo : undo)();
      else if (key === "y") redo();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [isOff]);
}
