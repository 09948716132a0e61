package config

import (
	"fmt"

	"github.com/spf13/pflag"
)

// AddFlags adds the flags of some keys to set. A flag takes any text: [Load]
// judges it, together with everything else. It panics on a key that there is
// not, which a test of the command finds.
func AddFlags(set *pflag.FlagSet, keys ...string) {
	c := Default()
	byKey := map[string]field{}
	for _, f := range fields(&c) {
		byKey[f.key] = f
	}
	for _, key := range keys {
		f, ok := byKey[key]
		if !ok {
			panic("config: no key " + key)
		}
		flag := set.VarPF(&text{value: fmt.Sprint(f.value.Interface()), kind: f.kind()}, f.flag(), "", f.help+" ("+f.env()+")")
		if f.kind() == "bool" {
			flag.NoOptDefVal = "true" // --durable is --durable=true
		}
	}
}

// kind returns how the usage calls the field's values.
func (f field) kind() string {
	switch f.value.Interface().(type) {
	case bool:
		return "bool"
	case int:
		return "number"
	case DSN:
		return "url"
	default:
		return "string"
	}
}

// text is a flag's value as it was given.
type text struct{ value, kind string }

func (t *text) String() string     { return t.value }
func (t *text) Set(s string) error { t.value = s; return nil }
func (t *text) Type() string       { return t.kind }
