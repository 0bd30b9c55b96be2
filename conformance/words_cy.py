"""Welsh sentences of the sandbox council and its residents, with the slots of `words_en`."""

from __future__ import annotations

__all__ = ["GENERAL_CY", "REPLIES_CY", "TOPICS_CY"]

# For each topic: council posts, residents' comments.
TOPICS_CY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bins": (
        (
            "Bydd casgliadau biniau yn {town} ddiwrnod yn hwyr yr wythnos hon: {url}",
            "Diolch am ailgylchu! Casglwyd {n} tunnell y mis diwethaf. #AilgylchuCaerwold",
        ),
        (
            "Chafodd ein bin ni ar {road} mo'i gasglu eto",
            "Pryd mae'r bin gwyrdd yn cael ei gasglu os gwelwch yn dda?",
        ),
    ),
    "roads": (
        (
            "Bydd {road} ar gau o {date} ymlaen oherwydd gwaith ffordd: {url}",
            "Mae'r cerbydau graeanu allan heno. Gyrrwch yn ofalus.",
        ),
        ("Mae twll mawr o flaen y tŷ ers wythnosau", "Diolch am drwsio'r ffordd o'r diwedd"),
    ),
    "floods": (
        (
            "RHYBUDD LLIFOGYDD ar gyfer {road}, {town}. Symudwch bethau gwerthfawr i fyny'r grisiau.",
            "Mae canolfan orffwys ar agor heno. Dewch â meddyginiaeth a dillad cynnes.",
        ),
        ("Mae'r dŵr wedi cyrraedd y drws", "Diolch o galon i'r gwirfoddolwyr i gyd"),
    ),
    "libraries": (
        (
            "Amser stori yn y llyfrgell ddydd Mercher am 10. Croeso i bawb.",
            "Mae oriau agor llyfrgell {town} wedi newid: {url}",
        ),
        ("Mae'r staff mor garedig bob amser", "Oes llyfrau Cymraeg newydd i blant?"),
    ),
    "elections": (
        ("Cofrestrwch i bleidleisio erbyn {date}: {url}", "Mae angen cerdyn adnabod â llun i bleidleisio."),
        ("Ble mae fy ngorsaf bleidleisio i?", "Mae'r ciw yn hir yn {town}"),
    ),
    "events": (
        (
            "Dewch i'r ŵyl ar {date}! Cerddoriaeth, bwyd a gweithgareddau i'r teulu.",
            "Dydd Gŵyl Dewi hapus i bawb yn {town} 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        ),
        ("Edrych ymlaen yn fawr!", "Oes lle i barcio?"),
    ),
}
GENERAL_CY = (
    "Cytuno'n llwyr",
    "Diolch yn fawr",
    "Yr un peth fan hyn",
    "Cywilyddus",
    "Da iawn chi",
    "Pam na wnewch chi ateb?",
)
REPLIES_CY = (
    "Diolch am roi gwybod i ni. Byddwn yn ymchwilio.",
    "Mae'n ddrwg gennym glywed hyn. Anfonwch neges breifat atom gyda'ch cod post os gwelwch yn dda.",
    "Rhowch wybod i ni yma: {url}",
)
