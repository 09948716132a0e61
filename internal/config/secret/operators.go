package secret

import (
	"fmt"
	"regexp"
	"strings"
)

// Operator may repair sagas.
type Operator struct {
	// Name is recorded with every repair, for ever: an account's, not a person's.
	Name string
	// Secret authenticates the operator.
	Secret Text
}

// A secret has minSecret to maxSecret characters: it is sent in a header, and must
// not be guessed.
const minSecret, maxSecret = 16, 256

var (
	operatorName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	operatorSecret = regexp.MustCompile(`^[!-+\--~]*$`) // visible ASCII but the comma
)

// Operators reads name=secret,name2=secret2, and returns every rule that tokens
// breaks. The rules never show a part of an entry, not even its name: a secret that
// was given without a name, and ends with =, looks like one.
func Operators(tokens Text) (all []Operator, rules []string) {
	if strings.TrimSpace(string(tokens)) == "" {
		return nil, nil
	}
	names, secrets := map[string]int{}, map[Text]int{} // the entries they are in
	for i, entry := range strings.Split(string(tokens), ",") {
		refuse := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
		name, secret, found := strings.Cut(strings.TrimSpace(entry), "=")
		o, n := Operator{Name: name, Secret: Text(secret)}, i+1
		switch {
		case !found:
			refuse("must be name=secret,name2=secret2; entry %d has no =", n)
			continue
		case !operatorName.MatchString(name):
			refuse("must name operators by 1 to 64 letters, digits, dots, dashes, underscores or @; entry %d does not", n)
			continue
		case names[name] != 0:
			refuse("must name every operator once; entries %d and %d have one name", names[name], n)
		case !operatorSecret.MatchString(secret):
			refuse("must have secrets of visible ASCII characters; that of entry %d is not", n)
		case len(secret) < minSecret || len(secret) > maxSecret:
			refuse("must have secrets of %d to %d characters; that of entry %d has %d", minSecret, maxSecret, n, len(secret))
		case secrets[o.Secret] != 0:
			refuse("must give every operator another secret; entries %d and %d have one", secrets[o.Secret], n)
		}
		names[name], secrets[o.Secret] = n, n
		all = append(all, o)
	}
	return all, rules
}
