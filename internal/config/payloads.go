package config

import (
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/internal/engine/sealed"
)

// Payloads returns the codec of PayloadKeys, nil without keys. c must be valid.
func (c *Config) Payloads() converter.PayloadCodec {
	keys, _ := sealed.Parse(string(c.PayloadKeys))
	if len(keys) == 0 {
		return nil
	}
	codec, err := sealed.New(keys)
	if err != nil {
		panic(err) // the keys of a valid configuration are of the cipher's size
	}
	return codec
}
