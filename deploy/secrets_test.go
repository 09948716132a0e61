package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// settings is a process's file of secrets. Any other key is an error.
type settings struct {
	Services map[string]map[string]string `yaml:"services"`
	Broker   struct {
		Password string `yaml:"password"`
	} `yaml:"broker"`
	Identity struct {
		Secrets string `yaml:"secrets"`
	} `yaml:"identity"`
	PayloadKeys    string `yaml:"payload_keys"`
	GuestSecret    string `yaml:"guest_secret"`
	OperatorTokens string `yaml:"operator_tokens"`
	SMTPURL        string `yaml:"smtp_url"`
}

// secrets runs the script, and returns its folder and passwords.env.
func secrets(t *testing.T) (folder string, passwords map[string]string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "secrets")
	makeSecrets(t, folder)
	text, err := os.ReadFile(filepath.Join(folder, "passwords.env"))
	require.NoError(t, err)
	passwords = map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		require.True(t, ok, line)
		want := `^[0-9a-f]{48}$`
		if name == "PAYLOAD_KEYS" {
			want = `^1=[0-9A-Za-z+/]{43}=$`
		}
		require.Regexp(t, want, value, name)
		require.NotContains(t, passwords, name)
		passwords[name] = value
	}
	return folder, passwords
}

func makeSecrets(t *testing.T, folder string, environ ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "compose/secrets.sh", folder)
	cmd.Env = append(os.Environ(), environ...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// settingsOf returns the settings file of a process, nothing for one without.
func settingsOf(t *testing.T, folder string, s service) (read settings) {
	t.Helper()
	if len(s.Secrets) == 0 {
		return read
	}
	file := load(t, platformFile).Secrets[s.Secrets[0]].File
	text, err := os.ReadFile(filepath.Join(folder, filepath.Base(file)))
	require.NoError(t, err)
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	require.NoError(t, dec.Decode(&read), file)
	return read
}

func TestSecretsComeByFile(t *testing.T) {
	t.Parallel()
	folder, passwords := secrets(t)
	platform := load(t, platformFile)

	t.Run("EachProcessHasItsOwn", func(t *testing.T) {
		t.Parallel()
		used := map[string]bool{}
		for name, s := range platform.Services {
			if name == "migrate-temporal" {
				require.Empty(t, s.Secrets, name)
				continue
			}
			require.Equal(t, []string{name}, s.Secrets)
			require.Equal(t, "/run/secrets/"+name, s.Environment["AMENDS_CONFIG"])
			require.Equal(t, secret{File: "secrets/" + name + ".yaml"}, platform.Secrets[name])
			used[name] = true
		}
		require.Len(t, platform.Secrets, len(used), "a secret of no process")
	})

	t.Run("EveryProcessSealsPayloads", func(t *testing.T) {
		t.Parallel()
		for name, s := range platform.Services {
			want := passwords["PAYLOAD_KEYS"]
			if strings.HasPrefix(name, "migrate") {
				want = "" // it reads no payload
			}
			require.Equal(t, want, settingsOf(t, folder, s).PayloadKeys, name)
		}
	})

	t.Run("NoneIsInAnEnvironment", func(t *testing.T) {
		t.Parallel()
		for name, s := range platform.Services {
			for key := range s.Environment {
				require.NotRegexp(t, `PASSWORD|SECRET|TOKEN|DSN|_KEY$`, key, name)
			}
		}
	})

	t.Run("TheContainersUserMayReadThem", func(t *testing.T) {
		t.Parallel()
		files, err := filepath.Glob(folder + "/*")
		require.NoError(t, err)
		require.Len(t, files, len(platform.Secrets)+1)
		for _, path := range files {
			info, err := os.Stat(path)
			require.NoError(t, err)
			want := os.FileMode(0o444)
			if filepath.Base(path) == "passwords.env" {
				want = 0o600
			}
			require.Equal(t, want, info.Mode().Perm(), path)
		}
		info, err := os.Stat(folder)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), "others of this machine must not")
	})

	t.Run("EveryDefaultOfTheEngineIsReplaced", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile(engineFile)
		require.NoError(t, err)
		for name, value := range defaultsOf(string(text)) {
			if strings.Contains(name, "PASSWORD") {
				require.Contains(t, passwords, name, "its default %q stays", value)
			}
		}
	})
}

func TestARepeatKeepsTheSecrets(t *testing.T) {
	t.Parallel()
	folder, passwords := secrets(t)
	notification := load(t, platformFile).Services["worker-notification"]
	require.Empty(t, settingsOf(t, folder, notification).SMTPURL)

	makeSecrets(t, folder, "SMTP_URL=smtps://shop:it-s@mail.example:465")
	again, err := os.ReadFile(filepath.Join(folder, "passwords.env"))
	require.NoError(t, err)
	require.Equal(t, len(passwords), strings.Count(string(again), "\n"))
	for name, value := range passwords {
		require.Contains(t, string(again), name+"="+value+"\n")
	}
	require.Equal(t, "smtps://shop:it-s@mail.example:465", settingsOf(t, folder, notification).SMTPURL)
}

// defaultsOf returns the variables in a compose file, with their defaults.
func defaultsOf(text string) map[string]string {
	all := map[string]string{}
	for _, m := range variables.FindAllStringSubmatch(text, -1) {
		all[m[1]] = m[2]
	}
	return all
}
