package config

import (
	"path/filepath"
	"time"

	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/secrets"
)

// Identity says how the processes of a platform prove to each other who they are.
// docs/identity.md explains it.
type Identity struct {
	// MTLS is on, off or mesh. On: both sides of a connection show certificates. Off:
	// callers show secrets, and calls are answered on loopback only. Mesh: callers show
	// secrets, over connections that a service mesh protects. Empty: on if Cert is set,
	// otherwise off. Default: empty.
	MTLS string `key:"mtls" help:"how calls between processes are protected: on, off or mesh"`

	// Env is the environment of the platform, such as production: 1 to 63 lower-case
	// letters, digits and inner dashes. A certificate of another one is refused. It must be
	// set with Cert. Default: empty.
	Env string `key:"env"`

	// Cert, Key and Bundle are PEM files: the certificate of the process with its chain,
	// its key, and the authorities that are trusted. Cert and Key may be one file. In
	// both, {service} stands for a name, for a process that runs several services. All
	// three or none. Default: empty.
	Cert   string `key:"cert"`
	Key    string `key:"key"`
	Bundle string `key:"bundle"`

	// Every is the time between two looks at these files. Default: 10s.
	Every time.Duration `key:"every"`

	// Policy is enforce, or audit: calls that the policy denies pass, and are logged and
	// counted. A caller without an identity never passes. Default: enforce.
	Policy string `key:"policy"`

	// Secrets are those of this process and of its callers: name=secret,name2=secret2,
	// different secrets, each of 16 to 256 visible ASCII characters without a comma. For
	// off and mesh. Default: empty.
	Secrets secret.Text `key:"secrets"`

	// SecretsFile is a file of such entries, one in a line, that only its owner may read.
	// It must not be set together with Secrets. Empty: the file callers in data_dir, which
	// `amends dev` makes. Default: empty.
	SecretsFile string `key:"secrets_file"`
}

// DefaultIdentity returns the defaults.
func DefaultIdentity() Identity { return Identity{Every: 10 * time.Second, Policy: "enforce"} }

// Mode returns on, off or mesh.
func (i Identity) Mode() string {
	switch {
	case i.MTLS != "":
		return i.MTLS
	case i.Cert != "":
		return "on"
	default:
		return "off"
	}
}

// CallerSecrets returns the file of the callers' secrets.
func (c *Config) CallerSecrets() string {
	if c.Identity.SecretsFile != "" {
		return c.Identity.SecretsFile
	}
	return filepath.Join(c.DataDir, "callers")
}

// Check reports the rules that the section breaks.
func (i Identity) Check(p *setting.Problems) {
	if i.MTLS != "" {
		oneOf(p, "identity.mtls", i.MTLS, "on", "off", "mesh")
	}
	oneOf(p, "identity.policy", i.Policy, "enforce", "audit")
	configured := i.Cert != "" || i.Key != "" || i.Bundle != "" || i.MTLS == "on"
	for _, file := range []struct{ key, value string }{{"identity.cert", i.Cert}, {"identity.key", i.Key}, {"identity.bundle", i.Bundle}} {
		if configured && file.value == "" {
			p.Add(file.key, "must be set: certificates need identity.cert, identity.key and identity.bundle", "")
		}
	}
	if (configured || i.Env != "") && !identity.ValidName(i.Env) {
		p.Add("identity.env", "must be 1 to 63 lower-case letters, digits and inner dashes: certificates name it", i.Env)
	}
	if _, err := secrets.Parse(string(i.Secrets)); err != nil {
		p.Add("identity.secrets", "must be name=secret,name2=secret2: "+err.Error(), "")
	}
	if i.Secrets != "" && i.SecretsFile != "" {
		p.Add("identity.secrets_file", "must not be set together with identity.secrets", i.SecretsFile)
	}
}
