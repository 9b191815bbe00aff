"""The words of the small world that the embedded base model is taught and asked about.

Everything is plain data; make_text.py turns it into statements for pretraining, make_tasks.py into tasks.
"""


def _pairs(text):
    return [tuple(pair.split("-")) for pair in text.split()]


# Each word and its opposite; both directions count.
OPPOSITES = _pairs("""
hot-cold big-small tall-short old-young fast-slow hard-soft wet-dry rich-poor heavy-light clean-dirty early-late
happy-sad strong-weak thick-thin wide-narrow deep-shallow loud-quiet brave-timid sharp-blunt full-empty open-closed
near-far high-low smooth-rough sweet-sour tight-loose safe-dangerous cheap-expensive easy-difficult true-false good-bad
bright-dark kind-cruel polite-rude calm-angry simple-complex public-private common-rare busy-idle modern-ancient
raw-cooked tame-wild guilty-innocent alive-dead awake-asleep beautiful-ugly proud-humble generous-greedy huge-tiny
honest-crooked patient-hasty visible-hidden healthy-sick fresh-stale solid-liquid clever-stupid wise-foolish
gentle-harsh""")

# Kinds of things, with members whose plural is regular unless IRREGULAR_PLURALS says otherwise.
KINDS = {
    "animal": "cat dog horse cow pig sheep goat lion tiger bear wolf fox rabbit mouse".split(),
    "fruit": "apple banana pear peach plum cherry grape lemon orange mango melon fig apricot lime".split(),
    "tool": "hammer saw drill wrench axe chisel shovel rake ladder spade file clamp trowel lever".split(),
    "vehicle": "car bus truck train bicycle boat ship plane tram van taxi ferry rocket tractor".split(),
    "garment": "shirt coat hat dress skirt jacket sock glove scarf sweater belt boot cap vest".split(),
    "instrument": "piano violin guitar flute drum trumpet harp cello organ clarinet banjo tuba lute oboe".split(),
    "profession": "doctor teacher nurse farmer baker lawyer pilot sailor soldier painter writer cook judge"
                  " tailor".split(),
    "plant": "rose tulip oak pine fern daisy cactus lily willow birch ivy maple palm poppy".split(),
}

IRREGULAR_PLURALS = dict(_pairs("""
sheep-sheep wolf-wolves fox-foxes mouse-mice peach-peaches cherry-cherries mango-mangoes wrench-wrenches bus-buses
ferry-ferries taxi-taxis dress-dresses scarf-scarves daisy-daisies cactus-cacti lily-lilies ivy-ivies poppy-poppies
child-children man-men woman-women foot-feet tooth-teeth leaf-leaves wife-wives baby-babies city-cities lady-ladies
box-boxes dish-dishes church-churches potato-potatoes country-countries branch-branches story-stories ox-oxen
loaf-loaves thief-thieves knife-knives goose-geese"""))

PAST_TENSES = dict(_pairs("""
go-went eat-ate see-saw take-took give-gave write-wrote run-ran sing-sang drink-drank swim-swam begin-began buy-bought
bring-brought think-thought catch-caught teach-taught find-found hold-held keep-kept sleep-slept feel-felt leave-left
meet-met send-sent spend-spent build-built lose-lost sell-sold tell-told make-made say-said come-came know-knew
grow-grew throw-threw fly-flew draw-drew drive-drove ride-rode rise-rose choose-chose break-broke speak-spoke
steal-stole wake-woke wear-wore forget-forgot sit-sat stand-stood win-won shake-shook fall-fell hide-hid bite-bit
fight-fought lead-led feed-fed hear-heard dig-dug hang-hung walk-walked talk-talked play-played work-worked
look-looked wash-washed help-helped jump-jumped call-called ask-asked visit-visited paint-painted watch-watched
carry-carried study-studied cry-cried try-tried stop-stopped plan-planned love-loved move-moved bake-baked"""))

CAPITALS = dict(_pairs("""
France-Paris Germany-Berlin Italy-Rome Spain-Madrid Portugal-Lisbon Austria-Vienna Hungary-Budapest Poland-Warsaw
Greece-Athens Turkey-Ankara Egypt-Cairo Russia-Moscow China-Beijing Japan-Tokyo Thailand-Bangkok Iran-Tehran
Iraq-Baghdad Syria-Damascus Kenya-Nairobi Ghana-Accra Morocco-Rabat Libya-Tripoli Norway-Oslo Sweden-Stockholm
Finland-Helsinki Denmark-Copenhagen Ireland-Dublin England-London Scotland-Edinburgh Wales-Cardiff Belgium-Brussels
Croatia-Zagreb Serbia-Belgrade Bulgaria-Sofia Latvia-Riga Cuba-Havana Peru-Lima Chile-Santiago Canada-Ottawa
Vietnam-Hanoi"""))

NAMES = "Tom Anna Paul Mary John Lucy Peter Emma David Sarah James Julia Oscar Nina".split()
NUMBERS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty".split()
COLOURS = "red blue green yellow black white brown grey pink purple golden silver".split()

# Where each kind of thing is at home: a place, and what people do there. Topics for plain sentences.
SCENES = {
    "animal": ("zoo", "keeper", ["feeds", "brushes", "watches", "looks after"]),
    "fruit": ("market", "seller", ["weighs", "sells", "counts", "buys"]),
    "tool": ("workshop", "mechanic", ["repairs", "lends", "borrows", "cleans"]),
    "vehicle": ("station", "passenger", ["boards", "awaits", "steers", "misses"]),
    "garment": ("wardrobe", "owner", ["wears", "folds", "irons", "tries on"]),
    "instrument": ("orchestra", "musician", ["plays", "tunes", "practises", "carries"]),
    "plant": ("garden", "gardener", ["waters", "plants", "trims", "picks"]),
}

# Everyday words without any fact to know; they let the vocabulary hold whole words where the tasks use them.
COMMON_WORDS = """
a about above after again all along also always am among an and another any are around as asked at away back be became
because been before began behind being below beside between both built but by came can clothes coins colour contrary
cost could country day destination did do does done down each eight end every feeds fetch first five for form four from
full game gave get give go goes gone great had half handle hands hangs has have he head her here him his home house how
human if in into is it its job journey just keeper kept kind know land large last learn least leaves left less let life
like list little live long look made make maker makes man many mean meaning means men might mine month more morning most
mother much music must my name nation never new next night no none nor not note nothing now number of off often on once
one only or order other others our out over own paint painted parts people person place play please point price put puts
question quite rather read reverse right room round said same say second seem sentence several shade she should show side
since six so some something song sort sound stage stand still story such sum sure tell ten tense than that the their
them then there these they thing things think third this those three through time to today together told too travel turn
two under until up upon us use verb very visit wait want was water way we wear wearer week well went were what when
where which while who whole whom whose why will with woman word words work worker world would write year years yes
yesterday yet you your
What Which Who Whose Where When How Why Tell Name Say Give Put Fetch First For From On In It He She We They There The
This That These Those And But So If Not No Yes One Two Both Each Every Some Many More Please Write Now Then Once
""".split()

OPPOSITE_OF = {word: other for pair in OPPOSITES for word, other in (pair, pair[::-1])}
KIND_OF = {word: kind for kind, words in KINDS.items() for word in words}
NOUNS = list(KIND_OF) + [noun for noun in IRREGULAR_PLURALS if noun not in KIND_OF]
PLURAL_OF = {noun: IRREGULAR_PLURALS.get(noun, noun + "s") for noun in NOUNS}


def with_article(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun
