package config

import (
	"fmt"
	"regexp"
	"strings"
)

// Operator is somebody who may repair sagas.
type Operator struct {
	// Name is recorded, for ever, with every repair: an account's, not a person's.
	Name string
	// Secret is what the operator shows to be that one.
	Secret Secret
}

// What a secret must look like to be safe to send in a header, and no guess.
const minSecret, maxSecret = 16, 256

var (
	operatorName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	operatorSecret = regexp.MustCompile(`^[!-+\--~]*$`) // visible ASCII but the comma
)

// Operators returns who may repair sagas, as OperatorTokens names them. It is
// for a configuration that [Config.Validate] has nothing against.
func (c *Config) Operators() []Operator {
	all, _ := operators(c.OperatorTokens)
	return all
}

// operators reads name=secret,name2=secret2. Its rules never show a secret, nor
// a part of an entry that may be one: not even the name, because a secret that
// was given without one, and ends with =, reads like it.
func operators(tokens Secret) (all []Operator, rules []string) {
	if strings.TrimSpace(string(tokens)) == "" {
		return nil, nil
	}
	names, secrets := map[string]int{}, map[Secret]int{} // the entries they are in
	for i, entry := range strings.Split(string(tokens), ",") {
		refuse := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
		name, secret, found := strings.Cut(strings.TrimSpace(entry), "=")
		o, n := Operator{Name: name, Secret: Secret(secret)}, i+1
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
			refuse("must give everybody a secret of their own; entries %d and %d have one", secrets[o.Secret], n)
		}
		names[name], secrets[o.Secret] = n, n
		all = append(all, o)
	}
	return all, rules
}

func (p *Problems) operators(c *Config) {
	_, rules := operators(c.OperatorTokens)
	for _, rule := range rules {
		p.add("operator_tokens", rule, "")
	}
}
