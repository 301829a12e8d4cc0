package traffic

import (
	"math/rand/v2"
)

// World names the accounts whose logs are made. All uids have 16 digits.
type World struct {
	Region   string
	Shop     string // runs web sites; ActionTrail, WAF, Cloud Firewall
	Payments string // runs web sites on hosts; ActionTrail, WAF, Cloud Firewall, Security Center
	Data     string // keeps data in OSS; ActionTrail, OSS access log
	// LeakedKey is the AccessKey id of the user ci-deploy of Shop. Set it to the key that the emulated account really has, so
	// that a response to the attack finds it.
	LeakedKey string
	// BackdoorKey is the AccessKey id that the intruder makes for the user backup-svc of Shop, with the same advice.
	BackdoorKey string
}

// Seed returns the seed world of the project.
func Seed() World {
	return World{
		Region: "cn-hangzhou", Shop: "1100000000000003", Payments: "1100000000000004", Data: "1100000000000005",
		LeakedKey: "LTAI5tCiDeployShop000001", BackdoorKey: "LTAI5tBackdoorShop00001",
	}
}

// Names and addresses that attacks and ordinary traffic share.
const (
	leakedUser  = "ci-deploy"
	ciAddress   = "203.0.113.20"
	shopHost    = "shop.example.com"
	shopAPI     = "api.shop.example.com"
	payHost     = "pay.example.net"
	payPrivate  = "10.20.1.5" // the host behind payHost
	payInstance = "i-bp1payments0001"
	shopPrivate = "10.10.1.5"
	dataBucket  = "corp-backup"
)

// Generator makes logs. It holds no state between calls and is safe for concurrent use.
type Generator struct {
	seed  uint64
	world World
}

// New returns a generator.
func New(seed uint64, world World) *Generator { return &Generator{seed: seed, world: world} }

// source is randomness with the words that logs need.
type source struct {
	*rand.Rand
	world World
}

// The streams of randomness are apart, so that more noise does not change the attack.
const (
	noiseStream  = 1
	attackStream = 2
)

func (g *Generator) source(stream uint64) *source {
	return &source{rand.New(rand.NewPCG(g.seed, stream)), g.world}
}

// pick returns one of the values.
func pick[T any](s *source, values ...T) T { return values[s.IntN(len(values))] }

// once tells, on average, once in n times.
func (s *source) once(n int) bool { return s.IntN(n) == 0 }

const hexDigits = "0123456789abcdef"

// hex returns n hexadecimal digits.
func (s *source) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = hexDigits[s.IntN(16)]
	}
	return string(b)
}

// uuid returns a random identifier in the usual shape.
func (s *source) uuid() string {
	return s.hex(8) + "-" + s.hex(4) + "-4" + s.hex(3) + "-8" + s.hex(3) + "-" + s.hex(12)
}
