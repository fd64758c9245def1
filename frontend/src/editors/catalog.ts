/** What edits a parameter whose shape names an editor: one line each. */
import type { FunctionComponent } from "preact";
import { AlreadyField } from "./AlreadyField";
import { ButtonsField } from "./ButtonsField";
import { CardFieldsField } from "./CardFieldsField";
import { CalendarField } from "./CalendarField";
import { ChannelsField } from "./ChannelsField";
import { DurationField } from "./DurationField";
import { LabelledLogic, WholeLogic } from "./LogicField";
import { MomentField } from "./MomentField";
import { NamesField } from "./NamesField";
import { PreconditionsField } from "./PreconditionsField";
import { RecipientsField } from "./RecipientsField";
import type { FieldProps } from "./ShapeForm";
import { AddressField, RuleField } from "./OfferedFields";
import { RowsField } from "./RowsField";
import { StateField, StateFieldField, StatesField } from "./StateFields";
import { StepsField } from "./StepsField";
import { TemplateField } from "./TemplateField";
import { TimeField } from "./TimeField";
import { TimesField } from "./TimesField";
import { TimeZoneField } from "./TimeZoneField";
import { ValueField } from "./ValueField";
import { ChangesField, ValuesField } from "./ValuesField";
import { WriteField } from "./WriteField";

export const EDITORS: Readonly<Record<string, FunctionComponent<FieldProps>>> = {
  already: AlreadyField,
  address: AddressField,
  buttons: ButtonsField,
  changes: ChangesField,
  calendar: CalendarField,
  channels: ChannelsField,
  condition: LabelledLogic,
  duration: DurationField,
  fields: CardFieldsField,
  logic: WholeLogic,
  moment: MomentField,
  names: NamesField,
  preconditions: PreconditionsField,
  recipients: RecipientsField,
  rule: RuleField,
  rows: RowsField,
  state: StateField,
  state_field: StateFieldField,
  states: StatesField,
  steps: StepsField,
  template: TemplateField,
  time: TimeField,
  time_zone: TimeZoneField,
  times: TimesField,
  value: ValueField,
  values: ValuesField,
  write: WriteField,
};
