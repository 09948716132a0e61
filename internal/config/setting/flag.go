package setting

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/amends/amends/internal/config/secret"
)

// AddFlags adds the flags of the named keys to set. A flag accepts any text: [Load]
// checks it, together with all other values. AddFlags panics on an unknown name,
// which every test of the command finds.
func AddFlags(set *pflag.FlagSet, keys []Key, names ...string) {
	for _, name := range names {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.name == name })
		if i < 0 {
			panic("setting: no key " + name)
		}
		k := keys[i]
		flag := set.VarPF(&text{value: fmt.Sprint(k.value.Interface()), kind: k.kind()}, k.flag(), "", k.help+" ("+k.env()+")")
		if k.kind() == "bool" {
			flag.NoOptDefVal = "true" // --durable is --durable=true
		}
	}
}

// kind returns the word for the key's values in a usage text.
func (k Key) kind() string {
	switch k.value.Interface().(type) {
	case bool:
		return "bool"
	case int:
		return "number"
	case secret.DSN:
		return "url"
	default:
		return "string"
	}
}

// text is a flag's value, unchecked.
type text struct{ value, kind string }

func (t *text) String() string     { return t.value }
func (t *text) Set(s string) error { t.value = s; return nil }
func (t *text) Type() string       { return t.kind }
