package cli

import (
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/identity/secrets"
)

// guests is the name of the guests' secret among those of services.
const guests = "guests"

// KeepGuestSecret gives the API, if it serves guests and has no secret for them configured,
// the one of the data folder, which is made first if there is none. The caller has locked
// the folder. A repeat changes nothing.
func KeepGuestSecret(c *config.Config) error {
	if !c.Guests() || c.GuestSecret != "" {
		return nil
	}
	kept, err := secrets.Keep(serviceSecrets(c), guests)
	if err != nil {
		return err
	}
	own, _ := kept.Of(guests)
	c.GuestSecret = secret.Text(own)
	return nil
}
