"""What the sandbox council and its residents talk of, by topic, in English, with the slots of `words_en`."""

from __future__ import annotations

__all__ = ["TOPICS"]

# For each topic: council posts, residents' comments, council answers.
TOPICS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "bins": (
        (
            "Bin collections in {town} will be one day later this week. Put yours out by 6.30am: {url}",
            "Our crews could not reach {road}, {town} because of parked cars. We will be back on {day}.",
            "Green bins start again on {date}. Sign up for garden waste, £{n} a year: {url}",
            "Not sure what goes in the blue box? Batteries never do: they caused {n} lorry fires. {url}",
            "Thank you {town}! You recycled {n} tonnes in a month. #RecycleRight",
            "The recycling centre at {road} will be shut on {day} for repairs. Marlby is open 9am to 5pm.",
            "Christmas collections: your dates by street are at {url}",
        ),
        (
            "{road} missed AGAIN, that's {n} weeks running",
            "What day is {road}? The calendar says {day} and the website says something else",
            "My green bin has been full for {n} weeks",
            "The lads on our round are brilliant, always put the bins back",
            "Why does the food caddy never get emptied at the bottom of {road}?",
            "You took the recycling and left the glass all over the pavement",
            "There is fly-tipping behind the garages at {postcode}, two mattresses and a fridge",
            "£{n} for garden waste on top of council tax? No thanks",
            "Seagulls have been at the bags again, it's a right mess on {road}",
            "Do the blue boxes take foil trays?",
        ),
        (
            "Sorry about that. We have asked the crew to come back to {road} by {day}. Ref {ref}",
            "Thank you for telling us. Please report it at {url} so that the crew get it tonight.",
            "Foil is fine if it is clean. The whole list is at {url}",
            "Your collection day is {day}. The calendar has been put right, thank you for pointing it out.",
        ),
    ),
    "roads": (
        (
            "{road}, {town} will be closed from {date} for {n} days while we resurface it. Diversion: {url}",
            "Gritters are out tonight on all main routes. Take care on {road}.",
            "We filled {big} potholes last month. Report one: {url}",
            "Temporary lights on {road} from {day} while a water main is mended. Expect delays.",
            "Have your say on a 20mph limit around {road}: {url} Closes {date}.",
            "Street lights on {road} are being changed to LED this week.",
        ),
        (
            "The pothole outside {n} {road} took my tyre off, who do I claim from?",
            "Reported this {n} months ago, ref {ref}, nothing",
            "They filled it on {day} and it was back by the weekend",
            "About time {road} was done. Thank you",
            "Nobody told the businesses on {road}, we found out from a sign",
            "The grit bin at the top of {road} is empty",
            "Twenty is plenty, kids walk to school along there",
            "20mph is just another way to fleece the motorist",
            "Buses can't get down {road} with these lights, my mum missed her appointment",
            "How long is the diversion? I have a delivery at {postcode}",
        ),
        (
            "Thank you. An inspector will look within {n} working days. Ref {ref}",
            "You can claim for damage at {url}",
            "The bin will be filled on the next round, by {day}.",
            "We wrote to every address on {road} on {date}. Sorry if yours went astray: call {phone}.",
        ),
    ),
    "tax": (
        (
            "Cabinet has agreed its budget: council tax goes up by {n}p a week for band D. See {url}",
            "Your council tax bill is on its way. If you are struggling please talk to us early: {phone}",
            "Households in bands A to D can get {money} towards energy bills. Check: {url}",
            "£{big} of every £1,000 goes on care for adults and children. See the rest at {url}",
        ),
        (
            "Up again and what do we get for it? No buses and no library on a {day}",
            "I pay {money} a month for one bin collection",
            "How much is the chief executive on?",
            "Is there any help for pensioners just over the limit?",
            "Fair play, social care has to be paid for somehow",
            "My bill says band E and next door is C, same house",
            "{n}% on the tax and cuts everywhere. Explain that",
        ),
        (
            "Hello, there may be: please try the calculator at {url} or call {phone}.",
            "Senior pay is published every year at {url}",
            "Bands are set by the Valuation Office, which you can ask to look again: {url}",
        ),
    ),
    "floods": (
        (
            "FLOOD WARNING for Riverside Walk and Weir Lane, {town}. Move valuables upstairs. Call {phone}",
            "{road} is closed by floodwater. Please do not drive through it.",
            "Rest centre open tonight at {place}. Bring medicine and warm clothes. Pets welcome.",
            "The river peaked at {n}.2 metres at {time}. Crews are clearing {road}. Thank you, volunteers.",
            "Sandbags can be fetched from the depot on {road} until {time}.",
            "Flood recovery grants of {money} for homes and shops: {url}",
        ),
        (
            "Water is at the third step on {road} and rising",
            "Is {road} open to get to the hospital?",
            "Rang {phone} {n} times, nobody answers",
            "The drains on {road} have been blocked since {day}, we told you",
            "Massive thank you to the crews, they have been out all night",
            "My nan is at {postcode}, can someone check on her please",
            "Same every year. When is the wall getting built?",
            "Are the schools in {town} open tomorrow?",
            "We have spare beds and a kettle at {n} {road} if anyone is stuck",
            "Sandbags all gone by {time}",
        ),
        (
            "Please ring 999 if anyone is in danger. A team is on its way to {road}.",
            "{road} is passable for now; the list is at {url}",
            "Sorry, the lines are very busy. We have passed your message to the rest centre.",
            "A jetting crew is booked for {road} on {day}.",
        ),
    ),
    "libraries": (
        (
            "{town} Library opens until 7pm on {day}s from {date}.",
            "Rhyme time, {day} at 10am, {town} Library. Free, just turn up.",
            "The summer reading challenge is here: {big} children finished last year. {url}",
            "Lost in a good book? Our readers picked their ten best of the year: {url}",
            "The mobile library stops at {road}, {town} on {date}, {time} to 4pm.",
        ),
        (
            "The staff at {town} are so patient with my dad and the computers",
            "Please don't close it, it's the only warm place on {road}",
            "Can we renew by phone?",
            "Are dogs allowed?",
            "My two loved rhyme time, same again next week",
            "Open on a {day} evening at last!",
            "Still no ramp at the side door",
        ),
        (
            "You can: {phone}, or online at {url}",
            "Well-behaved dogs are welcome on {day}s.",
            "Lovely to hear, we will tell the team!",
            "The ramp is due by {date}.",
        ),
    ),
    "planning": (
        (
            "Planning application {ref}: {n} homes off {road}, {town}. Comment by {date}: {url}",
            "Planning committee meets on {day} at {time} in the Guildhall. Agenda and webcast: {url}",
            "The draft local plan is out for comment until {date}. Drop in at {place} on {day}.",
            "Building work without permission? Tell us at {url} and we will look into it.",
        ),
        (
            "{n} more houses and not one more GP. Madness",
            "Where is the traffic on {road} meant to go?",
            "We need homes young people can afford, build them",
            "I objected to {ref} and never got an answer",
            "The link to the documents does not work",
            "That field floods every winter, has anyone from planning stood in it?",
            "Who is the officer for {ref}?",
        ),
        (
            "Comments are only counted if you make them at {url}, sorry to ask you to repeat it.",
            "The documents are back, thank you for telling us.",
            "The case officer is {name}, by e-mail to planning@caerwold.example.",
        ),
    ),
    "elections": (
        (
            "Register to vote by {date}. It takes five minutes: {url}",
            "Voters now need photo ID at a polling station. Don't have any? Apply free: {url}",
            "Polling stations are open until 10pm. Yours is on your card, or at {url}",
            "Result for {town} ward: turnout {n}%. All results: {url}",
            "Until the election on {date} we post less than usual: the pre-election period has begun.",
        ),
        (
            "My polling station has moved, why?",
            "Still waiting for my postal vote at {postcode}",
            "Is an expired passport all right as ID?",
            "None of the above please",
            "Queue out of the door at {road}, good to see",
            "Who is standing in {town}?",
        ),
        (
            "Yes, as long as the photo still looks like you.",
            "Please ring {phone} today and we will send another.",
            "The candidates are listed at {url}",
        ),
    ),
    "housing": (
        (
            "Damp and mould? Tell us the same day: {phone}. We aim to visit within {n} days.",
            "{n} new council homes at {road}, {town} are nearly ready. Keys go out on {date}.",
            "Rent week: if you are worried, talk to us before you fall behind. {phone}",
        ),
        (
            "{n} weeks without hot water and I have a newborn",
            "Mould all up the bedroom wall, reported under {ref}, nobody came",
            "Got my keys today, crying happy tears",
            "Repairs man was lovely and fixed it in ten minutes",
            "How do I get a transfer? I am on the third floor with a bad knee",
        ),
        (
            "That is not good enough and we are sorry. Someone will ring you today about {ref}.",
            "Congratulations, and welcome home!",
            "You can ask for a medical assessment at {url}",
        ),
    ),
    "events": (
        (
            "The {town} market is back on {day}, {n} stalls and live music from {time}.",
            "Free swimming for under 16s at {place} all half-term. Book: {url}",
            "Guided walk from {place}, {date}, {time}. About {n} miles, dogs on leads.",
            "New at {place}: the story of the tramway, until {date}. {url}",
            "Lantern parade on {date}! Road closures from {time}: {url}",
        ),
        (
            "Is there parking?",
            "Took the grandchildren, they want to go again",
            "{n} pounds for a burger, daylight robbery",
            "Can you get round with a wheelchair?",
            "Is it still on if it rains?",
            "Best one yet, well done all",
        ),
        (
            "Yes, blue badge bays are by {place}, and the route is level.",
            "It is on whatever the weather!",
            "Parking is free on {road} all day.",
        ),
    ),
    "climate": (
        (
            "We planted {big} trees this winter with {n} schools. #CaerwoldNetZero",
            "Solar panels on {place} made {n} MWh last year. Open data: {url}",
            "Verges on {road} will be cut once in late summer: look out for orchids.",
            "Could you share a car to {town}? Join the pilot: {url}",
        ),
        (
            "Nice trees, half of them are dead on {road}",
            "Cut the verges, you can't see the junction",
            "Saw {n} orchids this morning, lovely",
            "Net zero won't mend my roof",
            "More of this please",
        ),
        (
            "We replant in November: {n} on {road} are on the list.",
            "Sight lines at junctions are still cut every month. We will check that one.",
        ),
    ),
}
