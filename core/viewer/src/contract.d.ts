// Made from core/viewer/contract and keys.json by `python -m core viewer-types`: do not edit.

/** The model behind an AI's output. */
export interface AiModel {
  name: string;
  version: string;
  sha256: string;
}

/** What the protocol shows of the AI; None for what it does not. `slices` holds a score for each class. */
export interface AiOutput {
  call: string | null;
  call_label: string | null;
  failure: string | null;
  classes: string[] | null;
  probabilities: { [name: string]: number } | null;
  counts: { [name: string]: number } | null;
  deciding_slices: number[] | null;
  abnormal_share: number | null;
  warnings: string[] | null;
  rule: string | null;
  model: AiModel | null;
  slices: (number[] | null)[];
  heat_slices: number[];
  label: string;
  masks_url: string | null;
  heat_url: string | null;
}

/** PUT bindings: the keys that a reader has given to actions. */
export interface Bindings {
  bindings: { [name: string]: string | string[] };
}

/** PUT bindings. */
export interface BindingsSaved {
  saved: true;
}

/** One of `options`; the code of the option is stored. */
export interface Choice {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "choice";
  options: Option[];
}

/** Several of `options`; the list of their codes is stored. */
export interface Choices {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "choices";
  options: Option[];
}

/** One diagnosis to choose. */
export interface ClassChoice {
  code: string;
  label: string;
  letter: string;
  colour: string;
}

/** Clinical information of the case, once it may be seen; age in years, 89 stands for 89 and above. */
export interface ClinicalInfo {
  age: number | null;
  sex: "F" | "M" | "O" | null;
  text: string;
  prior: string;
}

/** The reading clock. */
export interface Clock {
  active_s: number;
  raw_s: number;
  started: boolean;
  paused: boolean;
  heartbeat_s: number;
}

/** What a reader has answered so far; `findings` has the level of each, where a study asks for several. */
export interface Content {
  diagnosis: string | null;
  ratings: { [name: string]: number };
  findings: { [name: string]: string };
  answers: { [name: string]: any };
  marks: ImageMark[];
  key_slices: number[];
}

/** The answers as the server holds them. `chosen`: the reader has set the diagnosis in this read. */
export interface Draft {
  revision: number;
  content: Content;
  chosen: boolean;
}

/** PUT draft and POST lock: the answers of a tab, based on a revision; core.study.answers judges the content. */
export interface DraftEdit {
  revision: number;
  tab: string;
  content: Content | null;
}

/** PUT draft. */
export interface DraftSaved {
  revision: number;
  saved_at: string | null;
}

/** Something that happened in a tab, numbered there; `t` in ms since the read opened in it. */
export interface Event {
  n: number;
  kind: "action" | "active" | "heartbeat" | "hidden" | "idle" | "leave" | "loaded" | "painted" | "pause" | "resume" | "take_over" | "visible";
  t: number;
}

/** POST events: those not yet answered, and the counters of the tab so far; db.reading.events judges each. */
export interface EventPost {
  tab: string;
  seq: number;
  counters: { [name: string]: any };
  events: Event[];
}

/** POST events. */
export interface EventsTaken {
  accepted: number;
  locked: boolean;
  clock: Clock;
}

/** What is asked of a finding, by its class's code. `mark` is what is set on the image where it is seen. */
export interface FindingInfo {
  code: string;
  levels: Level[];
  rated: boolean;
  mark: "point" | "box" | "length" | "sphere" | null;
}

/** What is asked of the case: a diagnosis, or each of some findings; `forced` asks for one mark of each. */
export interface FormInfo {
  title: string;
  classes: ClassChoice[];
  indeterminate: boolean;
  ratings: boolean;
  questions: (Choice | Choices | Grade | Number | Text | Scale | Mark)[];
  findings: FindingInfo[];
  forced: boolean;
  undo: boolean;
  clock_visible: boolean;
}

/** One of ordered levels, the lowest first in `options`; the code of the level is stored. Exports give the level by its label and by its rank, 1 for the lowest, as weighted kappas need it. */
export interface Grade {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "grade";
  options: Option[];
}

/** A mark on an image, in pixels of its plane. A mark of a finding has a rating from 0 to 100 of its own. */
export interface ImageMark {
  id: string;
  kind: "point" | "box" | "length" | "ellipse" | "sphere";
  plane: "axial" | "coronal" | "sagittal";
  slice: number;
  points: [number, number][];
  question: string | null;
  label: string;
  finding: string | null;
  rating: number | null;
}

/** 422: answers that cannot be taken, a sentence for each field. */
export interface Invalid {
  error: "invalid";
  message: string;
  fields: { [name: string]: string };
}

/** A level of a finding; `present` tells from which on it counts as there. */
export interface Level {
  code: string;
  label: string;
  present: boolean;
}

/** POST lock: the lock holds; what comes next. */
export interface Locked {
  locked: true;
  next: OpenRead | NothingLeft;
}

/** Images alone, with the reader's own keys. */
export interface Look {
  title: string;
  volume: VolumeInfo;
  bindings: { [name: string]: any };
}

/** Any number of marks of one shape. They stand among the marks of the read, which name the question. */
export interface Mark {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "mark";
  mark: "point" | "box" | "length" | null;
}

/** What the component is started with: a study to read, a case of it to look over, or images alone. */
export interface Mounted {
  study_id: number | null;
  case: number | null;
  look: Look | null;
  api: string;
  rendering: "cpu" | "gpu" | null;
}

/** GET next: no case now, and why. */
export interface NothingLeft {
  done: true;
  message: string | null;
  opens_on: string | null;
  feedback: PracticeFeedback | null;
  study: StudyName;
}

/** A number from `min` to `max` in steps of `step` from `min` (or 0), in `unit`. */
export interface Number {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "number";
  min: number | null;
  max: number | null;
  step: number | null;
  unit: string | null;
}

/** The clock of a read as it opens, with the seconds without action that make idle. */
export interface OpenClock {
  active_s: number;
  raw_s: number;
  started: boolean;
  paused: boolean;
  heartbeat_s: number;
  idle_after_s: number;
}

/** GET next: a case to read. */
export interface OpenRead {
  done: false;
  read: ReadInfo;
  form: FormInfo;
  viewer: ViewerInfo;
  draft: Draft;
  clock: OpenClock;
  volume: VolumeInfo;
  ai: AiOutput | null;
  clinical: ClinicalInfo | null;
  clinical_waits: boolean;
  feedback: PracticeFeedback | null;
  next: Upcoming | null;
  break: string | null;
  study: StudyName;
}

/** One answer to choose. The code is stored, the label shown and exported. */
export interface Option {
  code: string;
  label: string;
}

/** Letters at the four sides of an axial image. */
export interface Orientation {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** The reference standard of the practice case that was just locked. */
export interface PracticeFeedback {
  case: number;
  diagnosis: string | null;
  truth: string;
  truth_label: string;
  correct: boolean;
}

/** The read before the reader; `position` and `total` count practice and study cases apart. */
export interface ReadInfo {
  token: string;
  case: number;
  position: number;
  total: number;
  practice: boolean;
  arm: "unaided" | "aided";
  session: number;
  phase: "unaided" | "aided";
  attempt: number;
}

/** Every refusal: a code for the page and a sentence for the person. */
export interface Refusal {
  error: string;
  message: string;
}

/** GET review: everything about one case. */
export interface Review {
  case: number;
  practice: boolean;
  tags: string[];
  volume: VolumeInfo;
  classes: ReviewClass[];
  truth: ReviewTruth | null;
  ai: ReviewAi | null;
  reads: ReviewRead[];
}

/** The AI's whole output, and how long it took. */
export interface ReviewAi {
  call: string | null;
  call_label: string | null;
  failure: string | null;
  classes: string[] | null;
  probabilities: { [name: string]: number } | null;
  counts: { [name: string]: number } | null;
  deciding_slices: number[] | null;
  abnormal_share: number | null;
  warnings: string[] | null;
  rule: string | null;
  model: AiModel | null;
  slices: (number[] | null)[];
  heat_slices: number[];
  label: string;
  masks_url: string | null;
  heat_url: string | null;
  seconds: number | null;
}

/** One class of the study. */
export interface ReviewClass {
  code: string;
  label: string;
  colour: string;
}

/** One locked read. `ratings` by label; `answers` pairs questions with answers. */
export interface ReviewRead {
  reader: string;
  group: string;
  arm: "unaided" | "aided";
  session: number;
  label: string;
  right: boolean;
  seconds: number | null;
  ratings: { [name: string]: number };
  answers: [string, string][];
  marks: ImageMark[];
  key_slices: number[];
}

/** The reference standard that the study was opened with. */
export interface ReviewTruth {
  code: string;
  label: string;
  version: number;
  versions: number;
  source: string;
  rests_on: string[];
}

/** A whole number from 0 to 100 between two verbal `anchors`; it starts without a value. */
export interface Scale {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "scale";
  anchors: [string, string] | null;
}

/** 409: the draft has moved on, or another tab holds the case. */
export interface Stale {
  error: "stale" | "taken_over";
  message: string;
  draft: Draft;
}

/** The study that is read. */
export interface StudyName {
  id: number;
  title: string;
}

/** A text of at most `max_length` characters that matches the regular expression `pattern` as a whole. */
export interface Text {
  id: string;
  label: string;
  help: string;
  required: boolean;
  kind: "text";
  max_length: number | null;
  pattern: string | null;
}

/** The case after this one: only its pixels are fetched ahead. */
export interface Upcoming {
  case: number;
  volume: VolumeInfo;
}

/** How the viewer opens, and the reader's own keys. */
export interface ViewerInfo {
  open_at: "lungs" | "top" | "middle" | number;
  window: "lung" | "soft" | "wide" | "angio" | "liver" | "bone";
  bindings: { [name: string]: any };
}

/** A volume before its slices arrive from `url`. Lengths in mm. */
export interface VolumeInfo {
  url: string;
  shape: [number, number, number];
  spacing_mm: [number, number, number];
  z_mm: number[];
  orientation: Orientation;
  coarse_shape: [number, number, number] | null;
  lungs_middle: number;
}

export type ActionName = "next" | "previous" | "next10" | "previous10" | "first" | "last" | "cine" | "slower" | "faster" | "axial" | "coronal" | "sagittal" | "lung" | "soft" | "bone" | "wide" | "liver" | "wider" | "narrower" | "brighter" | "darker" | "zoomIn" | "zoomOut" | "fit" | "invert" | "reset" | "overlay" | "window" | "length" | "ellipse" | "point" | "box" | "remove" | "key" | "indeterminate" | "undo" | "lock" | "cancel" | "pause" | "help";
