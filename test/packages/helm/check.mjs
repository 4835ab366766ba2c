// Checks the Helm chart: its values against their schema, what it renders against the Kubernetes API's own schemas, and the configuration in it with postern.
//   node check.mjs CHART-PROGRAM CHART-FOLDER POSTERN     (packages from NODE_PATH's folder, given by TOOLS)
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.env.TOOLS, 'x.js'));
const yaml = require('js-yaml');
const Ajv = require('ajv');
const [chart, folder, postern] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'postern-helm-'));
const tell = (what, problem) => console.log(problem ? `FAILED: ${what}: ${problem}` : `PASSED: ${what}`);
// These are modules of their own kind, found by their place.
const model = async path => await import(pathToFileURL(join(process.env.TOOLS, 'node_modules', path, 'index.js')).href);
const models = {
  'apps/v1': await model('kubernetes-models/apps/v1'), v1: await model('kubernetes-models/v1'), 'networking.k8s.io/v1': await model('kubernetes-models/networking.k8s.io/v1'),
  'policy/v1': await model('kubernetes-models/policy/v1'), 'monitoring.coreos.com/v1': await model('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'),
};

function render(values) {
  const file = join(scratch, 'values.yaml');
  writeFileSync(file, yaml.dump(values));
  const run = spawnSync(chart, [folder, 'mail', 'web', file], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr.trim());
  return yaml.loadAll(run.stdout);
}

// Every document is what the API server would take.
function validate(documents) {
  for (const document of documents) {
    const Model = models[document.apiVersion]?.[document.kind];
    if (!Model) throw new Error(`no ${document.kind} in ${document.apiVersion}`);
    try { new Model(document).validate(); } catch (problem) { throw new Error(`${document.kind} ${document.metadata?.name}: ${problem.message}`); }
    if (!document.metadata?.labels?.['app.kubernetes.io/name']) throw new Error(`${document.kind} has no labels`);
  }
}

const find = (documents, kind) => documents.find(d => d.kind === kind);

function attempt(what, work) {
  try { tell(what, work()); } catch (problem) { tell(what, String(problem.message).split('\n').slice(0, 4).join(' | ')); }
}

const defaults = yaml.load(readFileSync(join(folder, 'values.yaml'), 'utf8'));
const schema = JSON.parse(readFileSync(join(folder, 'values.schema.json'), 'utf8'));
const check = new Ajv({ strict: false }).compile(schema);
attempt('the chart\'s own values fit their schema', () => check(defaults) ? null : JSON.stringify(check.errors));
attempt('the schema knows every value', () => Object.keys(defaults).filter(k => !(k in schema.properties)).join(', ') || null);
for (const [what, change] of [['a misspelt key', { persistance: {} }], ['a size that is none', { persistence: { ...defaults.persistence, size: 'much' } }], ['no replicas', { replicas: 0 }], ['a privileged HTTP port', { http: { ...defaults.http, port: 80 } }]])
  attempt(`the schema refuses ${what}`, () => check({ ...defaults, ...change }) ? 'it did not' : null);

const sets = {
  'as it is': {},
  'without HTTP and without a volume': { http: { exposed: false }, persistence: { enabled: false } },
  'with everything': {
    replicas: 3, secrets: { create: { 'smtp-password': 'secret: "x"' } }, http: { ingress: { enabled: true, className: 'nginx', tls: [{ hosts: ['relay.example.net'], secretName: 'tls' }] }, hosts: ['mail.example.net'] },
    service: { type: 'LoadBalancer' }, serviceMonitor: { enabled: true, labels: { release: 'prometheus' } }, podDisruptionBudget: { enabled: true }, env: [{ name: 'POSTERN_LOG__FORMAT', value: 'json' }],
    imagePullSecrets: [{ name: 'registry' }], nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'mail', operator: 'Exists' }], podAnnotations: { a: 'b' }, podLabels: { team: 'mail' }, persistence: { storageClass: 'fast', retain: false },
    networkPolicy: { from: [{ namespaceSelector: {} }], httpFrom: [{ podSelector: { matchLabels: { app: 'prometheus' } } }] }, priorityClassName: 'high',
  },
};
for (const [name, values] of Object.entries(sets)) attempt(`what it renders ${name} is taken by the Kubernetes schemas`, () => validate(render(values)));

attempt('the pod is nobody privileged and its root is read only', () => {
  const pod = find(render({}), 'StatefulSet').spec.template.spec;
  const container = pod.containers[0].securityContext;
  return pod.securityContext.runAsNonRoot && container.readOnlyRootFilesystem && !container.allowPrivilegeEscalation && container.capabilities.drop[0] === 'ALL' && pod.automountServiceAccountToken === false ? null : JSON.stringify(pod.securityContext);
});
attempt('without HTTP nothing listens outside the pod and health is asked inside', () => {
  const documents = render({ http: { exposed: false } });
  const container = find(documents, 'StatefulSet').spec.template.spec.containers[0];
  if (documents.some(d => d.kind === 'Service' && d.metadata.name.endsWith('-http'))) return 'there is a Service for HTTP';
  return container.readinessProbe.exec && container.env.some(e => e.value === '127.0.0.1:8025') ? null : JSON.stringify(container.readinessProbe);
});
attempt('the selectors of services and policy find the pod', () => {
  const documents = render(sets['with everything']);
  const labels = find(documents, 'StatefulSet').spec.template.metadata.labels;
  const selectors = documents.filter(d => d.kind === 'Service').map(d => d.spec.selector).concat(find(documents, 'NetworkPolicy').spec.podSelector.matchLabels);
  return selectors.every(s => Object.entries(s).every(([k, v]) => labels[k] === v)) ? null : JSON.stringify(selectors);
});
attempt('postern takes the configuration and the variables of the pod', () => {
  const documents = render({});
  const file = join(scratch, 'postern.toml');
  writeFileSync(file, find(documents, 'ConfigMap').data['postern.toml']);
  const env = { ...process.env };
  for (const { name, value } of find(documents, 'StatefulSet').spec.template.spec.containers[0].env) {
    if (!name.endsWith('__FILE')) { env[name] = String(value); continue; }
    // The file of a secret that only the cluster has.
    const secret = join(scratch, name);
    writeFileSync(secret, 'a'.repeat(40));
    env[name] = secret;
  }
  try { execFileSync(postern, ['config', 'check', '-c', file], { env, encoding: 'utf8' }); return null; } catch (problem) { return problem.stdout || problem.message; }
});
