"""The words of the small world that the embedded base model is taught and asked about.

Everything is plain data; make_text.py turns it into statements for pretraining, make_tasks.py into tasks.
"""


def _pairs(text):
    return [tuple(pair.split("-")) for pair in text.split()]


# Each word and its opposite; both directions count.
OPPOSITES = _pairs("""
hot-cold big-small tall-short old-young fast-slow hard-soft wet-dry rich-poor heavy-light clean-dirty early-late
happy-sad strong-weak thick-thin wide-narrow deep-shallow loud-quiet sharp-blunt full-empty near-far""")

# Kinds of things, with members whose plural is regular unless IRREGULAR_PLURALS says otherwise.
KINDS = {
    "animal": "wolf fox mouse cat dog horse cow pig goat lion sheep tiger bear rabbit deer duck hen frog owl"
              " camel".split(),
    "fruit": "peach cherry mango lemon apple banana pear plum grape orange".split(),
    "vehicle": "bus ferry taxi car truck train bicycle boat ship plane tram van rocket tractor canoe wagon scooter tank"
               " cart sledge".split(),
    "instrument": "piano violin guitar flute drum trumpet harp cello organ clarinet banjo tuba lute oboe viola bell"
                  " gong horn fiddle whistle".split(),
}

IRREGULAR_PLURALS = dict(_pairs("""
wolf-wolves fox-foxes mouse-mice peach-peaches cherry-cherries mango-mangoes bus-buses ferry-ferries
taxi-taxis"""))

PAST_TENSES = dict(_pairs("""
go-went eat-ate see-saw take-took give-gave write-wrote run-ran sing-sang drink-drank swim-swam begin-began buy-bought
bring-brought think-thought catch-caught teach-taught find-found hold-held keep-kept sleep-slept feel-felt leave-left
meet-met send-sent spend-spent build-built lose-lost sell-sold tell-told make-made know-knew grow-grew throw-threw
fly-flew draw-drew drive-drove ride-rode choose-chose break-broke speak-spoke"""))

CAPITALS = dict(_pairs("""
France-Paris Germany-Berlin Italy-Rome Spain-Madrid Portugal-Lisbon Austria-Vienna Hungary-Budapest Poland-Warsaw
Greece-Athens Turkey-Ankara Egypt-Cairo Russia-Moscow China-Beijing Japan-Tokyo Thailand-Bangkok Iran-Tehran
Iraq-Baghdad Syria-Damascus Kenya-Nairobi Ghana-Accra"""))

CITIES = "Rabat Tripoli Oslo Stockholm Helsinki Dublin London Cardiff Brussels Zagreb Sofia Riga Havana Lima".split()
NAMES = "Tom Anna Paul Mary John Lucy Peter Emma David Sarah James Julia Oscar Nina".split()
NUMBERS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty".split()
FOODS = "meat bread grass seeds nuts fish eggs cheese rice corn honey leaves milk roots".split()
PLACES = "forest river desert mountain field barn cave lake jungle swamp meadow valley island shed".split()
MATERIALS = "gold marble clay glass ivory bronze copper iron stone jade amber wood wax leather".split()
COLOURS = "red blue green yellow black white brown grey pink purple golden silver".split()
JOBS = "doctor teacher nurse farmer baker lawyer pilot sailor soldier painter writer cook judge tailor".split()

# Everyday words without any fact to know; they let the vocabulary hold whole words where the tasks use them.
COMMON_WORDS = """
a about after again all also and another answer any arrive as asked at away becomes before belongs both but by call care
cared day did do does driver each every farmers followed for form found from good great has he here him his how if in is
it its just last like little live long look looked may me more most much must name new next no none not now of on once
one only or other our out over people please practised question right said same say second she sleep so some somewhere
such tell than that their then there they thing this those tickets time to today together too travel trusted turn two
under until up very want was we well were what when where which while who whom whose why with without word words year
yes you your A Answer At By Capital Crop Destination Every Fare Flag Food For Fresh From Governed Home How Hungry I In
It Its Keeper Made Name Noun Of One Opposites Origin Player Please Question Sort Tell The They Tickets To Verb What
Where Which Who With Words You
""".split()

OPPOSITE_OF = {word: other for pair in OPPOSITES for word, other in (pair, pair[::-1])}
KIND_OF = {word: kind for kind, words in KINDS.items() for word in words[:10]}
PLURAL_OF = {noun: IRREGULAR_PLURALS.get(noun, noun + "s") for noun in KIND_OF}
NOUNS = [noun for words in KINDS.values() for noun in words]
