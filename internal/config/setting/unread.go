package setting

import "slices"

// Unread returns the settings of a source that a process of some kinds does not read:
// variables of the environment, and keys of the file. It never returns a value, and nothing
// of a source that [Load] refuses.
func Unread(s Source, keys []Key, kinds ...string) (variables, inFile []string) {
	fromFile, _ := readFile(s.file(), keys)
	fromEnv, _ := readEnviron(s.Environ, keys)
	for _, k := range keys {
		if slices.ContainsFunc(k.readers, func(reader string) bool { return slices.Contains(kinds, reader) }) {
			continue
		}
		if fromEnv.IsSet(k.name) {
			variables = append(variables, k.env())
		}
		if fromFile.IsSet(k.name) {
			inFile = append(inFile, k.name)
		}
	}
	return variables, inFile
}
