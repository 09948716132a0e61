package store

import (
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

// known refuses a delivery whose SKU or warehouse is new, and names them. Stock is
// never deleted, so a name that is known stays known.
func known(tx *gorm.DB, d inventory.Delivery) error {
	var unknown []string
	for _, name := range []struct{ noun, column, value string }{
		{"SKU", "sku", d.SKU}, {"warehouse", "warehouse", d.Warehouse},
	} {
		var n int64
		if err := tx.Model(&stockRow{}).Where(name.column+" = ?", name.value).Limit(1).Count(&n).Error; err != nil {
			return fmt.Errorf("find %s: %w", name.noun, err)
		}
		if n == 0 {
			unknown = append(unknown, name.noun+" "+strconv.Quote(name.value))
		}
	}
	if len(unknown) > 0 {
		return fault.Errorf(fault.Business, inventory.NeverReceived, "%s: never received before", strings.Join(unknown, " and "))
	}
	return nil
}
