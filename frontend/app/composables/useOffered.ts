const offered = shallowRef<readonly string[] | null>(null)

/** The types of experiment that this server offers, from its OpenAPI document; until that is there, all that are known here. */
export function useOffered() {
  if (offered.value === null) {
    void fetch(`${apiBase().replace(/\/api\/v1$/, '')}/openapi.json`).then(answer => answer.json()).then((document: { components?: { schemas?: { ExperimentType?: { enum?: string[] } } } }) => {
      offered.value = document.components?.schemas?.ExperimentType?.enum ?? null
    }).catch(() => null)
  }
  const types = computed(() => offered.value ?? ALGORITHMS.map(each => each.type))
  return {
    algorithms: computed(() => [...ALGORITHMS.filter(each => types.value.includes(each.type)), ...types.value.filter(type => !ALGORITHMS.some(each => each.type === type)).map(algorithm)]),
    known: computed(() => offered.value !== null)
  }
}
