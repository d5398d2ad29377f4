/**
 * Refuses a Service that the API server would refuse: ports, node ports, ClusterIPs, families,
 * ExternalName.
 */

import { duplicate, type FieldError, forbidden, invalidValue, notSupported, required } from '../fieldError.ts';
import { fieldsAt, listAt, numberAt, textAt, textsAt } from '../json.ts';
import type { KubeObject } from '../kubeObject.ts';
import { familyOf, isDns1123Label, isDns1123Subdomain, qualifiedNameProblems } from '../nameRules.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const range = 'must be between 1 and 65535, inclusive';

export function validateService(service: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const type = textAt(service, 'spec', 'type') ?? '';
  if (!types.includes(type)) return [notSupported('spec.type', type, types)];
  if (type === 'ExternalName') return [...externalNameErrors(service), ...portsErrors(service, type)];
  const errors = [
    ...headlessErrors(service, type),
    ...portsErrors(service, type),
    ...trafficErrors(service, type),
    ...familyErrors(service),
  ];
  return errors.length > 0 ? errors : addressErrors(service, previous);
}

function externalNameErrors(service: KubeObject): readonly FieldError[] {
  const name = textAt(service, 'spec', 'externalName') ?? '';
  if (name === '') return [required('spec.externalName')];
  const problem = isDns1123Subdomain(name.replace(/\.$/, ''));
  return problem === undefined ? [] : [invalidValue('spec.externalName', name, problem)];
}

function portsErrors(service: KubeObject, type: string): readonly FieldError[] {
  const ports = listAt(service, 'spec', 'ports');
  const isHeadless = textAt(service, 'spec', 'clusterIP') === 'None';
  if (ports.length === 0) return isHeadless || type === 'ExternalName' ? [] : [required('spec.ports')];
  const names = new Set<string>();
  const pairs = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const errors = portErrors(port, at, ports.length > 1);
    const name = textAt(port, 'name') ?? '';
    if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    const pair = `${textAt(port, 'protocol')}/${numberAt(port, 'port')}`;
    if (pairs.has(pair)) errors.push(duplicate(at, goPort(port)));
    names.add(name);
    pairs.add(pair);
    if (type === 'ClusterIP' && (numberAt(port, 'nodePort') ?? 0) !== 0) {
      errors.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    return errors;
  });
}

function headlessErrors(service: KubeObject, type: string): readonly FieldError[] {
  if (type === 'ClusterIP' || textAt(service, 'spec', 'clusterIP') !== 'None') return [];
  return [invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)];
}

function trafficErrors(service: KubeObject, type: string): readonly FieldError[] {
  const policy = textAt(service, 'spec', 'externalTrafficPolicy') ?? '';
  if (policy === '' || type !== 'ClusterIP') return [];
  const detail = 'may only be set for externally-accessible services';
  return [invalidValue('spec.externalTrafficPolicy', policy, detail)];
}

function portErrors(port: unknown, at: string, isNameRequired: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(port, 'name') ?? '';
  if (name === '' && isNameRequired) errors.push(required(`${at}.name`));
  const nameProblem = name === '' ? undefined : isDns1123Label(name);
  if (nameProblem !== undefined) errors.push(invalidValue(`${at}.name`, name, nameProblem));
  const number = numberAt(port, 'port') ?? 0;
  if (!isPort(number)) errors.push(invalidValue(`${at}.port`, number, range));
  const protocol = textAt(port, 'protocol') ?? '';
  if (!['TCP', 'UDP', 'SCTP'].includes(protocol)) {
    errors.push(notSupported(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
  }
  const appProtocol = textAt(port, 'appProtocol');
  for (const each of appProtocol === undefined ? [] : qualifiedNameProblems(appProtocol)) {
    errors.push(invalidValue(`${at}.appProtocol`, appProtocol, each));
  }
  const target = numberAt(port, 'targetPort');
  if (target !== undefined && !isPort(target)) errors.push(invalidValue(`${at}.targetPort`, target, range));
  const targetName = textAt(port, 'targetPort');
  if (targetName !== undefined && !/^(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(targetName)) {
    errors.push(invalidValue(`${at}.targetPort`, targetName, targetNameProblem(targetName)));
  }
  return errors;
}

function targetNameProblem(name: string): string {
  if (name.length > 15) return 'must be no more than 15 characters';
  if (!/[a-z]/.test(name)) return 'must contain at least one letter (a-z)';
  return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= 65_535;
}

function goPort(port: unknown): object {
  return {
    Name: '',
    Protocol: textAt(port, 'protocol') ?? 'TCP',
    AppProtocol: null,
    Port: numberAt(port, 'port') ?? 0,
    TargetPort: 0,
    NodePort: 0,
  };
}

function familyErrors(service: KubeObject): readonly FieldError[] {
  const spec = fieldsAt(service, 'spec');
  const families = textsAt(spec, 'ipFamilies');
  const policy = textAt(spec, 'ipFamilyPolicy') ?? '';
  const errors = families.flatMap((family, index) => {
    if (family === 'IPv4' || family === 'IPv6') {
      return families.indexOf(family) === index ? [] : [duplicate(`spec.ipFamilies[${index}]`, family)];
    }
    return [notSupported(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6'])];
  });
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (!policies.includes(policy)) return [...errors, notSupported('spec.ipFamilyPolicy', policy, policies)];
  if (policy === 'SingleStack' && families.length > 1) {
    const detail = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";
    return [...errors, invalidValue('spec.ipFamilyPolicy', policy, detail)];
  }
  return errors;
}

function addressErrors(service: KubeObject, previous: KubeObject | null): readonly FieldError[] {
  const ips = textsAt(service, 'spec', 'clusterIPs');
  const families = textsAt(service, 'spec', 'ipFamilies');
  if (ips[0] !== 'None') {
    const errors = ips.flatMap((ip, index) => {
      const at = `spec.clusterIPs[${index}]`;
      const family = familyOf(ip);
      if (family === undefined) {
        return [invalidValue(at, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
      }
      const wanted = families[index] ?? family;
      return family === wanted
        ? []
        : [invalidValue(at, ip, `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``)];
    });
    if (errors.length > 0) return errors;
  }
  const policy = textAt(service, 'spec', 'ipFamilyPolicy') ?? '';
  if (
    previous !== null &&
    textsAt(previous, 'spec', 'ipFamilies').length > families.length &&
    policy !== 'SingleStack'
  ) {
    const detail = "must be 'SingleStack' to release the secondary IP family";
    return [invalidValue('spec.ipFamilyPolicy', policy, detail)];
  }
  const before = textsAt(previous, 'spec', 'clusterIPs');
  if (previous === null || before.length === 0 || textAt(previous, 'spec', 'type') === 'ExternalName') return [];
  if (ips[0] !== before[0]) return [invalidValue('spec.clusterIPs[0]', ips, 'may not change once set')];
  // A headless Service has no address that a family could contradict.
  if (ips[0] === 'None') return [];
  const primary = textsAt(previous, 'spec', 'ipFamilies')[0];
  if (primary !== undefined && families[0] !== primary) {
    return [invalidValue('spec.ipFamilies[0]', families, 'may not change once set')];
  }
  return ips[1] !== undefined && before[1] !== undefined && ips[1] !== before[1]
    ? [invalidValue('spec.clusterIPs[1]', ips, 'may not change once set')]
    : [];
}
