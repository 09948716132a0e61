package rpc

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/query"
	pb "github.com/amends/amends/services/query/rpc/querypb"
)

func toFound(f query.Found) *pb.Found {
	o := f.Order
	return &pb.Found{Version: f.Version, Order: &pb.Order{
		Id: o.ID, CustomerId: o.CustomerID, Status: string(o.Status), Reason: o.Reason, Style: o.Style,
		Currency: string(o.Currency), Total: wire.Amount(o.Total), Lines: each(o.Lines, toLine), Attention: each(o.Attention, toFlag),
		Steps: each(o.Steps, toStep), Parcels: each(o.Parcels, toParcel),
		DecideBy: wire.Time(o.DecideBy), CreatedAt: wire.Time(o.CreatedAt), UpdatedAt: wire.Time(o.UpdatedAt),
		Refunded: wire.Amount(o.Refunded), Account: o.Account,
	}}
}

func fromFound(f *pb.Found, asOf time.Time) query.Found {
	o := f.GetOrder()
	return query.Found{Version: f.GetVersion(), AsOf: asOf, Order: query.Order{
		ID: o.GetId(), CustomerID: o.GetCustomerId(), Status: query.Status(o.GetStatus()), Reason: o.GetReason(),
		Style: o.GetStyle(), Currency: money.Currency(o.GetCurrency()), Total: wire.FromAmount(o.GetTotal()),
		Lines: each(o.GetLines(), fromLine), Attention: each(o.GetAttention(), fromFlag),
		Steps: each(o.GetSteps(), fromStep), Parcels: each(o.GetParcels(), fromParcel),
		DecideBy: wire.FromTime(o.GetDecideBy()), CreatedAt: wire.FromTime(o.GetCreatedAt()), UpdatedAt: wire.FromTime(o.GetUpdatedAt()),
		Refunded: wire.FromAmount(o.GetRefunded()), Account: o.GetAccount(),
	}}
}

func toLine(l query.Line) *pb.Line {
	return &pb.Line{Sku: l.SKU, Quantity: l.Quantity, UnitPrice: wire.Amount(l.UnitPrice)}
}

func fromLine(l *pb.Line) query.Line {
	return query.Line{SKU: l.GetSku(), Quantity: l.GetQuantity(), UnitPrice: wire.FromAmount(l.GetUnitPrice())}
}

func toFlag(f query.Flag) *pb.Flag {
	return &pb.Flag{Step: f.Step, Code: string(f.Code), Kind: string(f.Kind), Owed: f.Owed, Since: wire.Time(f.Since), Lasting: f.Lasting, Saga: f.Saga}
}

func fromFlag(f *pb.Flag) query.Flag {
	return query.Flag{
		Step: f.GetStep(), Code: fault.Code(f.GetCode()), Kind: fault.Kind(f.GetKind()), Owed: f.GetOwed(),
		Since: wire.FromTime(f.GetSince()), Lasting: f.GetLasting(), Saga: f.GetSaga(),
	}
}

func toStep(s query.Step) *pb.Step {
	return &pb.Step{
		Name: s.Name, State: s.State, Attempts: int64(s.Attempts), StartedAt: wire.Time(s.StartedAt), EndedAt: wire.Time(s.EndedAt),
		Error: string(s.Error), Exposure: s.Exposure,
	}
}

func fromStep(s *pb.Step) query.Step {
	return query.Step{
		Name: s.GetName(), State: s.GetState(), Attempts: int(s.GetAttempts()), StartedAt: wire.FromTime(s.GetStartedAt()),
		EndedAt: wire.FromTime(s.GetEndedAt()), Error: fault.Code(s.GetError()), Exposure: s.GetExposure(),
	}
}

func toParcel(p query.Parcel) *pb.Parcel {
	return &pb.Parcel{Warehouse: p.Warehouse, TrackingNumber: p.TrackingNumber, State: p.State}
}

func fromParcel(p *pb.Parcel) query.Parcel {
	return query.Parcel{Warehouse: p.GetWarehouse(), TrackingNumber: p.GetTrackingNumber(), State: p.GetState()}
}

// toPosition returns p as a message, nil for the zero position.
func toPosition(p query.Position) *pb.Position {
	if p == (query.Position{}) {
		return nil
	}
	return &pb.Position{Generation: p.Generation, Number: p.Number}
}

func fromPosition(p *pb.Position) query.Position {
	return query.Position{Generation: p.GetGeneration(), Number: p.GetNumber()}
}

func toEntry(e query.Entry) *pb.Entry {
	return &pb.Entry{Position: toPosition(e.Position), Fact: e.Fact, Step: toStep(e.Step), At: wire.Time(e.At), Ends: e.Ends}
}

func fromEntry(e *pb.Entry) query.Entry {
	return query.Entry{
		Position: fromPosition(e.GetPosition()), Fact: e.GetFact(), Step: fromStep(e.GetStep()), At: wire.FromTime(e.GetAt()), Ends: e.GetEnds(),
	}
}

func toProduct(p query.Product) *pb.Product {
	return &pb.Product{
		Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Price: wire.Amount(p.Price), Available: p.Available,
	}
}

func fromProduct(p *pb.Product) query.Product {
	return query.Product{
		SKU: p.GetSku(), Name: p.GetName(), Description: p.GetDescription(), Category: p.GetCategory(),
		Price: wire.FromAmount(p.GetPrice()), Available: p.GetAvailable(),
	}
}

func toCategory(c query.Category) *pb.Category {
	return &pb.Category{Name: c.Name, Products: c.Products}
}

func fromCategory(c *pb.Category) query.Category {
	return query.Category{Name: c.GetName(), Products: c.GetProducts()}
}

func toPrices(p query.PriceRange) *pb.PriceRange {
	return &pb.PriceRange{Min: wire.Amount(p.Min), Max: wire.Amount(p.Max)}
}

func fromPrices(p *pb.PriceRange) query.PriceRange {
	return query.PriceRange{Min: wire.FromAmount(p.GetMin()), Max: wire.FromAmount(p.GetMax())}
}

func toProjection(p query.Projection) *pb.Projection {
	return &pb.Projection{
		Name: p.Name, Generation: p.Generation, Events: p.Events, Newest: wire.Time(p.Newest), Behind: p.Behind,
		AsOf: wire.Time(p.AsOf), Lag: duration(p.Lag),
	}
}

func fromProjection(p *pb.Projection) query.Projection {
	return query.Projection{
		Name: p.GetName(), Generation: p.GetGeneration(), Events: p.GetEvents(), Newest: wire.FromTime(p.GetNewest()), Behind: p.GetBehind(),
		AsOf: wire.FromTime(p.GetAsOf()), Lag: p.GetLag().AsDuration(),
	}
}
