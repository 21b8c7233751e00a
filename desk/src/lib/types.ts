// What the API gives: the names are those of schemas/openapi.json.

export type Tlp = 'TLP:CLEAR' | 'TLP:GREEN' | 'TLP:AMBER' | 'TLP:AMBER+STRICT' | 'TLP:RED';
export type Value = number | string | string[];
export interface Phrase {
  template: string;
  args: Record<string, Value>;
}
export interface Interval {
  median: number;
  low: number;
  high: number;
}
export interface Share {
  value: number;
  low: number;
  high: number;
}
export interface Span {
  from: string;
  to: string;
}
export interface Mover {
  id: string;
  name: string;
  cas: string | null;
  share_before: Share;
  share_after: Share;
  mass_mg_before: number;
  mass_mg_after: number;
  records_before: number;
  records_after: number;
}
export type Result = 'holds' | 'weakens' | 'fails' | 'not_checked';
export interface Check {
  check: string;
  result: Result;
  value: number | null;
  bar: number | null;
  parts: Phrase;
}
export interface Stratum {
  source: string;
  evidence: string;
  falling_before: number;
  rising_before: number;
  falling_after: number;
  rising_after: number;
  statistic_without: number | null;
  delay_p90_days: number;
}
export interface RouteFigures {
  route: string;
  mass_mg_before: number;
  mass_mg_after: number;
}
export interface ControlFact {
  substance: string;
  jurisdiction: string;
  status: string;
  date: string | null;
  day_confirmed: boolean;
  upcoming: boolean;
}
export interface Alert {
  alert_id: string;
  revision: number;
  status: 'raised' | 'updated' | 'withdrawn' | 'expired';
  changes?: { from_revision: number; reason: string; parts: Phrase };
  kind: string;
  scope: string;
  market: string;
  place: string | null;
  headline: string;
  headline_parts: Phrase;
  family: string;
  falling: Mover[];
  rising: Mover[];
  onset: { date: string; earliest: string; latest: string; level: number };
  windows: { before: Span; after: Span };
  detected_at: string;
  as_of: string;
  complete_to: string;
  complete_to_set_by: string;
  likelihood: { probability: number; words: string };
  confidence: { level: 'low' | 'moderate' | 'high'; reasons: string[] };
  priority: { band: string; score: number; within_budget: boolean; rank: number };
  fdr: number;
  statistic: {
    value: number;
    bar: number;
    false_alarms_per_1000_market_years: number;
    series: { day: string; value: number }[];
  };
  strata: Stratum[];
  moved_fraction: Interval;
  family_total: { mass_mg_before: number; mass_mg_after: number; level: 'steady' | 'rose' | 'fell' };
  routes: RouteFigures[];
  routes_other: { count: number; mass_mg_before: number; mass_mg_after: number };
  evidence: {
    count: number;
    flagged_share: number;
    top_events: { source: string; event_id: string; weight: number; role: 'falling' | 'rising' }[];
  };
  counter_evidence: Check[];
  control_context: ControlFact[];
  marking: Tlp;
  releasable_to: string[];
  computed_up_to: Tlp;
  exercise: boolean;
  simulated: boolean;
  versions: { catalog: string; model: string; build: string };
  gap?: { source: string; silent_days: number; usual_gap_days: number; cells: number };
  emergence?: { first_day: string; incidents: number };
  surge?: { ratio_to_season: number };
  unmapped?: { hs: string; share_before: number; share_after: number; top_raw_names: string[] };
}
export interface Triage {
  alert_id: string;
  version: number;
  state: 'new' | 'acknowledged' | 'assigned' | 'closed' | 'reopened';
  until?: string;
  reason?: string;
  assignee?: string;
  changed_by?: string;
  changed_at?: string;
}
export interface Beside {
  triage: Triage;
  seen_revision?: number;
  last_looked?: string;
}
export interface AlertCounts {
  matching: number;
  without_filter: number;
  last_raised?: string | null;
  raised_in_week: number;
  weekly_budget: number;
}
export interface CellCounts {
  watched: number;
  not_watched: number;
}
export interface AlertList {
  alerts: Alert[];
  beside: Beside[];
  counts: AlertCounts;
  cells?: CellCounts | null;
  next_cursor?: string;
  computed_up_to: Tlp;
  closed_to: string | null;
}
export interface AlertDetail {
  alert: Alert;
  revisions: Alert[];
  beside: Beside;
}
export interface Me {
  handle: string;
  roles: string[];
  marking: Tlp;
  organisations: string[];
  auth: string;
  simulated: boolean;
  build: string;
  catalog: string;
  model: string;
}
export interface SignInNotice {
  notice: string | null;
  simulated: boolean;
}
export interface SharePoint {
  day: string;
  evidence: string;
  id: string;
  amount: number;
  total: number;
}
export interface ShareList {
  shares: SharePoint[];
  marking?: Tlp;
  complete_to: string | null;
  complete_to_set_by: string | null;
  simulated: boolean;
}
export interface Arrived {
  day: string;
  source: string;
  arrived_share: number;
}
export interface VolumeList {
  arrived: Arrived[];
  next_cursor?: string;
}
export interface SourceQuality {
  source: string;
  evidence: string[];
  first_report: string;
  last_report: string;
  events: number;
  taken_back: number;
  delay?: { median_days: number; p90_days: number } | null;
  complete_to: string | null;
  recent: number[];
  usual_gap_days?: number | null;
  silences: Silence[];
  simulated: boolean;
}
export interface Silence {
  from: string;
  to?: string | null;
}
export interface NoticeList {
  notices: { source: string; event_id: string; event_day: string; age_days: number; substance: string; route: string; mass_mg: number | null }[];
  unanswered: number;
  in_force: number;
  next_cursor?: string | null;
  marking?: Tlp | null;
  simulated: boolean;
}
export interface LittleCell {
  family: string;
  market: string;
  reasons: string[];
  since: string | null;
}
export interface CoverageList {
  cells: number;
  little: LittleCell[];
  little_total: number;
}
export interface InputAccount {
  input: string;
  clock: string | null;
  records: { read: number; accepted: number; duplicate: number; superseded: number; rejected: number };
  rejects: Record<string, number>;
}
export interface SourceList {
  sources: SourceQuality[];
  inputs?: InputAccount[] | null;
  complete_to: string | null;
  complete_to_set_by: string | null;
  closed_to: string | null;
  recent_to: string | null;
}
export interface Observation {
  sign: number;
  source: string;
  event_id: string;
  revision: number;
  status: string;
  item: number;
  evidence: string;
  event_day: string;
  period_days: number;
  known_on: string;
  substance: string;
  hs: string | null;
  route: string;
  mass_mg: number | null;
  pieces: number | null;
  incidents: number;
  raw_name: string | null;
  raw_cas: string | null;
  raw_value: string | null;
  raw_unit: string | null;
  consignor: string | null;
  consignee: string | null;
  permit: string | null;
  flags: string[];
  marking: Tlp;
  topic: string;
  partition: number;
  offset: number;
}
export interface ObservationList {
  observations: Observation[];
  totals: { rows: number; events: number; mass_mg: number; pieces: number; incidents: number };
  next_cursor?: string;
  marking?: Tlp;
}
export interface PartyList {
  parties: {
    party: string;
    as_consignor: boolean;
    as_consignee: boolean;
    falling_events: number;
    rising_events: number;
    falling_mass_mg: number;
    rising_mass_mg: number;
  }[];
  shared: number;
  falling: number;
  rising: number;
  marking?: Tlp;
}
export interface Stand {
  state: string;
  until?: string;
  reason?: string;
  assignee?: string;
}
export interface Transition {
  version: number;
  at: string;
  by: string;
  from: Stand;
  to: Stand;
}
export interface Note {
  number: number;
  at: string;
  by: string;
  body: string;
}
export interface Catalog {
  substances: { id: string; name: string; short_name: string; cas: string[]; families: string[]; market_family: string | null }[];
  families: { id: string; name: string; kind: string; tested: boolean }[];
}
export interface KeyRow {
  id: string;
  name: string;
  roles: string[];
  marking: Tlp;
  created_by: string;
  expires: string;
  last_used?: string | null;
  revoked_at?: string | null;
}
export interface KeyList {
  keys: KeyRow[];
  next_cursor?: string | null;
}
export interface SessionRow {
  id: string;
  handle: string;
  roles: string[];
  marking: Tlp;
  created_at: string;
  last_used: string;
  expires: string;
}
export interface SessionList {
  sessions: SessionRow[];
  next_cursor?: string | null;
}
export interface AuditRow {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  object: string;
  detail: string;
  hash: string;
}
export interface AuditList {
  entries: AuditRow[];
  next_cursor?: string | null;
}
export interface NewView {
  name: string;
  filters: Record<string, unknown>;
  organisation?: string | null;
  marking?: Tlp | null;
}
export interface ViewRow {
  view_id: string;
  owner: string;
  name: string;
  filters: Record<string, unknown>;
  organisation?: string | null;
  marking: Tlp;
  version: number;
  changed_at: string;
}
export interface ViewList {
  views: ViewRow[];
  next_cursor?: string | null;
}
