/** A switch that is part of the page's address: whether the word is among those of this parameter, as in `?tables=lift,arms`. */
export function useQueryFlag(name: string, word: MaybeRefOrGetter<string>) {
  const words = useQueryParam<string>(name, '')
  const on = () => words.value.split(',').filter(Boolean)
  return computed<boolean>({
    get: () => on().includes(toValue(word)),
    set: (now) => { words.value = [...on().filter(each => each !== toValue(word)), ...(now ? [toValue(word)] : [])].join(',') }
  })
}
