package traffic

// Incident is what a detection should make of one attack.
type Incident struct {
	Name     string
	Story    int
	Accounts []string // sorted uids
	Entities []Entity // those that must be among the entities of the incident
}

// Entity is a type and a value: ip, access_key, user, role, bucket or host.
type Entity struct{ Type, Value string }

// Expect returns the two incidents that the attacks are, and nothing else may become one.
func (g *Generator) Expect() []Incident {
	w := g.world
	return []Incident{
		{Name: "leaked key", Story: 1, Accounts: []string{w.Shop, w.Payments, w.Data}, Entities: []Entity{
			{"ip", keyThief},
			{"access_key", w.LeakedKey},
			{"access_key", w.BackdoorKey},
			{"access_key", paySession},
			{"access_key", dataSession},
			{"user", leakedUser},
			{"user", backdoorUser},
			{"role", payRole},
			{"role", dataRole},
			{"bucket", dataBucket},
		}},
		{Name: "web intrusion", Story: 2, Accounts: []string{w.Shop, w.Payments}, Entities: []Entity{
			{"ip", webIntruder}, {"ip", miningPool}, {"host", payPrivate},
		}},
	}
}
