package sealed

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// Key is one key of a ring.
type Key struct {
	// ID names the key in every payload, for ever: it must never be used again for another.
	ID string
	// Secret has 32 random bytes.
	Secret []byte
}

// secretSize is that of AES-256.
const secretSize = 32

var keyID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// Parse reads id=key,id2=key2, each key 32 bytes in base64, as `openssl rand -base64 32`
// prints them, and returns every rule that text breaks. The rules never show a part of it.
func Parse(text string) (keys []Key, rules []string) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	ids, secrets := map[string]int{}, map[string]int{} // the entries that have them
	for i, entry := range strings.Split(text, ",") {
		n := i + 1
		refuse := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), "=")
		secret, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case !found:
			refuse("must be id=key,id2=key2; entry %d has no =", n)
		case !keyID.MatchString(id):
			refuse("must name keys by 1 to 32 letters, digits, dots, dashes or underscores; entry %d does not", n)
		case err != nil || len(secret) != secretSize:
			refuse("must have keys of %d bytes in base64 (openssl rand -base64 %d); that of entry %d is not", secretSize, secretSize, n)
		case ids[id] != 0:
			refuse("must name every key once; entries %d and %d have one name", ids[id], n)
		case secrets[encoded] != 0:
			refuse("must have different keys; entries %d and %d have one", secrets[encoded], n)
		}
		ids[id], secrets[encoded] = n, n
		keys = append(keys, Key{ID: id, Secret: secret})
	}
	return keys, rules
}
