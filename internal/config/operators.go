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
// a part of an entry that may be one.
func operators(tokens Secret) (all []Operator, rules []string) {
	if strings.TrimSpace(string(tokens)) == "" {
		return nil, nil
	}
	names, secrets := map[string]bool{}, map[Secret]string{}
	for i, entry := range strings.Split(string(tokens), ",") {
		name, secret, found := strings.Cut(strings.TrimSpace(entry), "=")
		o := Operator{Name: name, Secret: Secret(secret)}
		switch {
		case !found:
			rules = append(rules, fmt.Sprintf("must be name=secret,name2=secret2; entry %d has no =", i+1))
			continue
		case !operatorName.MatchString(name):
			rules = append(rules, fmt.Sprintf("must name operators by 1 to 64 letters, digits, dots, dashes, underscores or @; entry %d does not", i+1))
			continue
		case names[name]:
			rules = append(rules, fmt.Sprintf("must name every operator once; %s is there twice", name))
		case !operatorSecret.MatchString(secret):
			rules = append(rules, fmt.Sprintf("must have secrets of visible ASCII characters; that of %s is not", name))
		case len(secret) < minSecret || len(secret) > maxSecret:
			rules = append(rules, fmt.Sprintf("must have secrets of %d to %d characters; that of %s has %d", minSecret, maxSecret, name, len(secret)))
		case secrets[o.Secret] != "":
			rules = append(rules, fmt.Sprintf("must give everybody a secret of their own; %s and %s have one", secrets[o.Secret], name))
		}
		names[name], secrets[o.Secret] = true, name
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
