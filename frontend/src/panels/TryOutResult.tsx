/** Why it would fire or not, and the messages as the people would see them. */
import { t } from "../texts";
import type { CardMessage, ConditionPart, DryRun } from "./tryout";

export function TryOutResult({ done }: { done: DryRun }) {
  return (
    <div class="e-result" aria-live="polite">
      <p class={`b-note ${done.fires ? "b-good" : "b-wait"}`}>
        <strong>{done.text}</strong>
      </p>
      {done.condition && (
        <ul class="b-tree">
          <Part part={done.condition} />
        </ul>
      )}
      {done.acts.length > 0 && (
        <ol class="e-acts" aria-label={t("whatComes")}>
          {done.acts.map((each) => (
            <li key={each.step}>
              {each.words}
              {each.text && <small class="b-muted"> {each.text}</small>}
            </li>
          ))}
        </ol>
      )}
      {done.messages.map((each) => (
        <figure class="e-preview" key={`${each.username} ${each.channel}`}>
          <figcaption>
            <strong>{each.name}</strong> <span class="b-muted">{each.label}</span>
          </figcaption>
          <Card message={each.message} />
          {maskedFor(done, each.username).length > 0 && (
            <p class="b-muted">{t("masked", { fields: maskedFor(done, each.username).join(", ") })}</p>
          )}
          {each.degraded.map((words) => (
            <p class="b-muted" key={words}>
              {words}
            </p>
          ))}
        </figure>
      ))}
      {done.groups.map((each) => (
        <figure class="e-preview" key={each.chat}>
          <figcaption>
            <strong>{each.name}</strong> <span class="b-muted">{each.label}</span>
          </figcaption>
          <p class="b-muted">{each.why}</p>
          {each.message && <Card message={each.message} />}
          <ul class="b-chips">
            {each.members.map((one) => (
              <li class="b-chip" key={one.name}>
                <span>{one.name}</span>
                {one.words}
              </li>
            ))}
          </ul>
        </figure>
      ))}
      {done.notes.map((note) => (
        <p class="b-note b-wait" key={note}>
          {note}
        </p>
      ))}
      {done.elsewhere.length > 0 && (
        <details class="e-more">
          <summary>{t("elsewhere")}</summary>
          <ul class="e-elsewhere">
            {done.elsewhere.map((each) => (
              <li key={each.connector}>
                <strong>{each.label}</strong>: {each.degraded.join(" ") || t("elsewhereWhole")}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function maskedFor(done: DryRun, username: string): string[] {
  return done.people.find((each) => each.username === username)?.masked ?? [];
}

const VERDICTS = {
  true: "verdictTrue",
  false: "verdictFalse",
  unknown: "verdictUnknown",
  hidden: "verdictHidden",
} as const;

function Part({ part }: { part: ConditionPart }) {
  const words = VERDICTS[part.verdict as keyof typeof VERDICTS];
  return (
    <li>
      <p>
        <span class={`b-verdict b-verdict-${part.verdict}`}>{words ? t(words) : part.verdict}</span> {part.words}
      </p>
      {part.seen.length > 0 && (
        <ul class="b-chips">
          {part.seen.map((each) => (
            <li class="b-chip" key={each.label}>
              <span>{each.label}</span>
              {each.value}
            </li>
          ))}
        </ul>
      )}
      {part.note && <p class="b-muted">{part.note}</p>}
      {part.parts.length > 0 && (
        <ul class="b-tree">
          {part.parts.map((each, at) => (
            <Part key={at} part={each} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** A picture of a card: what it shows, and buttons that do nothing. */
function Card({ message }: { message: CardMessage }) {
  return (
    <div class="e-card">
      <p class="e-card-title">{message.title}</p>
      {message.body && <p>{message.body}</p>}
      <dl>
        {message.fields.map((each) => (
          <div key={each.label} class={each.emphasis ? "e-emphasis" : ""}>
            <dt>{each.label}</dt>
            <dd>{each.value}</dd>
          </div>
        ))}
      </dl>
      {message.buttons.length > 0 && (
        <>
          {message.buttons
            .flatMap((each) => each.inputs)
            .map((input) => (
              <p class="e-card-input" key={input.name}>
                {input.label} <b>{input.value}</b>
              </p>
            ))}
          <p class="e-card-buttons">
            {message.buttons.map((each) => (
              <span key={each.key} class={`e-button-look e-look-${each.style}`}>
                {each.label}
              </span>
            ))}
          </p>
        </>
      )}
    </div>
  );
}
