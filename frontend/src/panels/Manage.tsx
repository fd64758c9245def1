/** What is done with the rule as a whole: its tags, a copy of it, another owner. */
import { useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import type { RuleRow } from "../page/rule";
import { IconButton } from "../page/parts";
import { useView } from "../page/view";
import { t } from "../texts";
import { FourEyes } from "./FourEyes";

export function Manage({ onRule }: { onRule(rule: RuleRow): void }) {
  const { api, rule, catalogue, isReadOnly } = useView();
  const [tag, setTag] = useState("");
  const [owner, setOwner] = useState("");
  const [told, setTold] = useState({ text: "", isBad: false });
  const failed = (error: ApiFailure) => setTold({ text: error.message || t("noConnection"), isBad: true });

  const tagged = (tags: string[]) =>
    api<RuleRow>("PATCH", `rules/${rule.id}/`, { tags }).then((row) => {
      setTag("");
      setTold({ text: "", isBad: false });
      onRule(row);
    }, failed);
  const copy = () =>
    api<RuleRow>("POST", `rules/${rule.id}/duplicate/`, {}).then(
      (row) => location.assign(location.pathname.replace(`/${rule.id}/`, `/${row.id}/`)),
      failed,
    );
  const handOver = () => {
    const name = catalogue.people.find((each) => each.username === owner)?.name ?? owner;
    if (!window.confirm(t("handOverConfirm", { name }))) return;
    api<RuleRow>("POST", `rules/${rule.id}/owner/`, { username: owner }).then((row) => {
      setTold({ text: t("handedOver", { name }), isBad: false });
      onRule(row);
    }, failed);
  };
  return (
    <div class="e-manage">
      <div class="e-labelled">
        <span class="e-label">{t("tags")}</span>
        <p class="e-line">
          {rule.tags.map((each) => (
            <span key={each} class="b-badge e-chip">
              {each}
              {!isReadOnly && (
                <IconButton
                  icon="close"
                  label={t("removeTag", { name: each })}
                  onClick={() => void tagged(rule.tags.filter((one) => one !== each))}
                />
              )}
            </span>
          ))}
          {rule.tags.length === 0 && <span class="b-muted">{t("noTags")}</span>}
        </p>
        {!isReadOnly && (
          <form
            class="e-line"
            onSubmit={(event) => {
              event.preventDefault();
              if (tag.trim()) void tagged([...rule.tags, tag.trim()]);
            }}
          >
            <input
              class="e-control"
              maxLength={40}
              aria-label={t("newTag")}
              placeholder={t("newTag")}
              value={tag}
              onInput={(event) => setTag(event.currentTarget.value)}
            />
            <button type="submit" class="b-button" disabled={!tag.trim()}>
              {t("addTag")}
            </button>
          </form>
        )}
      </div>
      <div class="e-labelled">
        <span class="e-label">{t("owner")}</span>
        <p>{catalogue.people.find((each) => each.username === rule.owner)?.name ?? rule.owner ?? "–"}</p>
        {rule.may.includes("publish") && (
          <p class="e-line">
            <select
              class="e-control"
              aria-label={t("newOwner")}
              value={owner}
              onChange={(event) => setOwner(event.currentTarget.value)}
            >
              <option value="">{t("newOwner")}</option>
              {catalogue.people
                .filter((each) => each.username !== rule.owner)
                .map((each) => (
                  <option key={each.username} value={each.username}>
                    {each.name}
                  </option>
                ))}
            </select>
            <button type="button" class="b-button" disabled={!owner} onClick={handOver}>
              {t("handOver")}
            </button>
          </p>
        )}
      </div>
      <FourEyes />
      <div class="e-labelled">
        <span class="e-label">{t("duplicate")}</span>
        <span class="e-help">{t("duplicateHelp")}</span>
        <button type="button" class="b-button" onClick={() => void copy()}>
          {t("duplicate")}
        </button>
      </div>
      {told.text && (
        <p class={`b-note ${told.isBad ? "b-bad" : "b-good"}`} role={told.isBad ? "alert" : "status"}>
          {told.text}
        </p>
      )}
    </div>
  );
}
