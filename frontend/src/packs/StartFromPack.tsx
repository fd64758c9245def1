/** Starter packs: choose one, answer its questions, and the draft is made. Each answer makes it anew. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import { localised, type Offer, type Shape } from "../catalogue";
import { ShapeForm } from "../editors/ShapeForm";
import type { Json, JsonObject } from "../json";
import { objectOf } from "../page/rule";
import { useView, ViewContext } from "../page/view";
import { pointerSet } from "../pointer";
import { t } from "../texts";

interface Pack extends Offer {
  key: string;
  label: string;
  about: string;
  object: string;
  questions: Shape;
}

export interface Made {
  /** Only when the pack was chosen here: an answer leaves the name alone. */
  name?: JsonObject;
  draft: JsonObject;
}

export function StartFromPack({ onDraft }: { onDraft(made: Made): void }) {
  const { api, rule, definition } = useView();
  const [packs, setPacks] = useState<Pack[]>([]);
  const [chosen, setChosen] = useState<string | null>(() => new URLSearchParams(location.search).get("pack"));
  const [answers, setAnswers] = useState<JsonObject>({});
  const [failure, setFailure] = useState("");
  const asks = useRef(0);
  const pack = packs.find((each) => each.key === chosen);
  const isNew = ((definition["steps"] ?? []) as Json[]).length === 0;
  const wanted = chosen !== null || isNew;
  const told = (error: ApiFailure) => setFailure(error.message || t("noConnection"));

  useEffect(() => {
    if (!wanted) return;
    api<Json>("GET", `rules/packs/${rule.connection}/`).then((found) => {
      const all = localised<{ packs: Pack[] }>(found).packs;
      setPacks(all);
      const asked = all.find((each) => each.key === chosen);
      if (asked) setAnswers(answersOf(asked));
    }, told);
  }, [wanted]);

  function make(of: Pack, given: JsonObject, withName: boolean) {
    setAnswers(given);
    const ask = ++asks.current;
    api<{ name: JsonObject; draft: JsonObject }>("POST", `rules/packs/${rule.connection}/${of.key}/`, {
      answers: given,
    }).then(({ name, draft }) => {
      if (ask !== asks.current) return;
      setFailure("");
      onDraft(withName ? { name, draft } : { draft });
    }, told);
  }
  const close = () => {
    setChosen(null);
    history.replaceState(null, "", location.pathname);
  };

  if (!wanted || packs.length === 0) return null;
  return (
    <section class="b-card e-packs" aria-labelledby="packs-title">
      <h2 id="packs-title">{pack ? t("packQuestions", { pack: pack.label }) : t("packStart")}</h2>
      <p class="b-muted">{pack ? `${pack.about} ${t("packHelp")}` : t("packHelp")}</p>
      {pack ? (
        objectOf(definition) === pack.object && (
          <>
            <Questions pack={pack} answers={answers} onAnswers={(given) => make(pack, given, false)} />
            <p>
              <button type="button" class="b-button" onClick={close}>
                {t("packDone")}
              </button>
            </p>
          </>
        )
      ) : (
        <div class="b-choices">
          {packs.map((each) => (
            <button
              key={each.key}
              type="button"
              class="b-choice b-start"
              disabled={!each.usable}
              onClick={() => {
                setChosen(each.key);
                make(each, answersOf(each), true);
              }}
            >
              <strong>{each.label}</strong>
              <span class="b-muted">{each.reason ?? each.about}</span>
            </button>
          ))}
        </div>
      )}
      {failure && (
        <p class="b-note b-bad" role="alert">
          {failure}
        </p>
      )}
    </section>
  );
}

function Questions({
  pack,
  answers,
  onAnswers,
}: {
  pack: Pack;
  answers: JsonObject;
  onAnswers(answers: JsonObject): void;
}) {
  const view = useView();
  const asked = {
    ...view,
    definition: answers,
    problems: [],
    set: (pointer: string, part: Json | undefined) => onAnswers(pointerSet(answers, pointer, part) as JsonObject),
  };
  return (
    <ViewContext.Provider value={asked}>
      <div class="e-row">
        <ShapeForm shape={pack.questions} pointer="" />
      </div>
    </ViewContext.Provider>
  );
}

function answersOf(pack: Pack): JsonObject {
  return Object.fromEntries(
    Object.entries(pack.questions.properties ?? {}).map(([name, each]) => [name, (each.default ?? null) as Json]),
  );
}
