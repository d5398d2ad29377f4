/**
 * What the rendered examples in deploy/helm/rendered are rendered with: values by file name.
 */

export const rendered: Readonly<Record<string, readonly string[]>> = {
  deployments: [],
  knative: ['--set', 'mode=knative'],
  one: ['--set', 'mode=one'],
  namespaced: ['--set', 'namespaces={team-a,team-b}'],
  guarded: ['--set', 'guard.enabled=true'],
};
