/** The editor's page: opens the rule, then shows it. */
import { useEffect, useState } from "preact/hooks";
import type { Api, ApiFailure } from "../api";
import { t } from "../texts";
import { Editor } from "./Editor";
import type { RuleRow } from "./rule";

export interface PageProps {
  api: Api;
  ruleId: number;
  rulePage: string;
  /** What the draft says, as the page was opened. */
  sentence: string;
  /** Where the runs are listed. */
  runsPage: string;
}

export function Page({ api, ruleId, rulePage, sentence, runsPage }: PageProps) {
  const [rule, setRule] = useState<RuleRow | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const open = () => {
    setFailure(null);
    api<RuleRow>("GET", `rules/${ruleId}/`).then(setRule, (error: ApiFailure) =>
      setFailure(error.message || t("noConnection")),
    );
  };
  useEffect(open, [ruleId]);

  if (failure !== null) {
    return (
      <div class="b-card" role="alert">
        <p>
          <strong>{t("loadFailed")}</strong> {failure}
        </p>
        <p>
          <button type="button" class="b-button" onClick={open}>
            {t("tryAgain")}
          </button>
        </p>
      </div>
    );
  }
  if (rule === null)
    return (
      <p class="b-card b-muted" role="status">
        {t("loading")}
      </p>
    );
  return (
    <Editor
      api={api}
      opened={rule}
      rulePage={rulePage}
      sentence={sentence}
      runsPage={runsPage}
      onFailure={(error) => setFailure(error.message || t("noConnection"))}
    />
  );
}
